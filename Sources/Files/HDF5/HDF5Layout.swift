import Tensors

/// The storage layout of a dataset in its file.
public struct HDF5Layout: Equatable, Sendable {
  /// The shape of the block that is stored, compressed and read as one. nil: whole rows of about 1 MiB together if the
  /// other settings need chunks or rows are to be appended, otherwise contiguous.
  public var chunk: [Int]?
  /// zlib's level, from 0 (fast) to 9 (small); nil means uncompressed.
  public var deflate: Int?
  /// Sorts bytes by significance before compressing, which helps floating-point numbers.
  public var shuffle: Bool
  /// Stores a checksum (Fletcher32) with each chunk; reading a damaged chunk is then an error.
  public var checksum: Bool

  /// A layout; contiguous without `chunk`.
  public init(chunk: [Int]? = nil, deflate: Int? = nil, shuffle: Bool = false, checksum: Bool = false) {
    self.chunk = chunk
    self.deflate = deflate
    self.shuffle = shuffle
    self.checksum = checksum
  }

  /// Unchunked, without compression or checksum.
  public static let contiguous = HDF5Layout()

  var isChunked: Bool { chunk != nil || deflate != nil || shuffle || checksum }

  /// The chunk to use for a dataset, with every number at least 1.
  ///
  /// - Throws: `.malformed` if the chunk's rank or numbers, or the deflate level, are wrong.
  func chunk(for shape: [Int], isGrowing: Bool, byteCount: Int, at place: String) throws -> [Int] {
    if let deflate, !(0...9).contains(deflate) {
      throw Failure(.malformed, at: place, "deflate level", expected: "0 to 9", got: "\(deflate)")
    }
    if let chunk {
      guard chunk.count == shape.count, chunk.allSatisfy({ $0 > 0 }) else {
        throw Failure(
          .malformed, at: place, "chunk",
          expected: "\(shape.count) positive numbers, one for each dimension of \(shape)", got: "\(chunk)")
      }
      return chunk
    }
    let row = shape.dropFirst().map { max($0, 1) }
    let rowBytes = max(row.reduce(byteCount, *), 1)
    let rows = isGrowing ? 1024 : shape.first ?? 1
    return [max(1, min((1 << 20) / rowBytes, rows))] + row
  }
}
