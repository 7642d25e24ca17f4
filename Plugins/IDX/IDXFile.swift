import CZlib
import Files
import Foundation
import Tensors

/// Reads IDX, the format of MNIST and similar data sets: `00 00 type rank`, the dimensions as big-endian 32-bit
/// numbers, then the elements, big-endian.
public enum IDXFile {
  /// The tensor in a file, uncompressed or gzipped.
  ///
  /// - Throws: `Failure`: `.missing`, or `.malformed` if the file is not IDX, is truncated or damaged, or is longer than its header says.
  public static func read(_ path: String) throws -> Tensor {
    let file = try GzipFile(path)
    let magic = try file.read(4, "the header")
    guard magic[0] == 0, magic[1] == 0, let dtype = dtype(magic[2]) else {
      let bytes = magic.map { String(format: "%02x", $0) }.joined(separator: " ")
      throw Failure(
        .malformed, at: path, "not an IDX file", expected: "00 00, then a type (08, 09, 0b to 0e) and the rank",
        got: bytes,
        advice: "Check that this is the data set's file, not a web page saved under its name.")
    }
    let rank = Int(magic[3])
    let header = try file.read(4 * rank, "the dimensions")
    let shape = (0..<rank).map { index in
      header[4 * index..<4 * index + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    let byteCount = try shape.reduce(dtype.byteCount) { product, size in
      let (result, overflow) = product.multipliedReportingOverflow(by: size)
      if overflow { throw Failure(.malformed, at: path, "the shape \(shape) is not possible") }
      return result
    }
    var elements = try file.read(byteCount, "\(dtype.name)\(shape)")
    // Reading on also makes zlib verify the checksum at the end.
    if try file.hasMore() {
      throw Failure(.malformed, at: path, "there is more data than \(dtype.name)\(shape) needs")
    }
    swapBytes(&elements, size: dtype.byteCount)
    return try elements.withUnsafeBytes { try Tensor(bytes: $0, shape: shape, dtype: dtype) }
  }

  private static func dtype(_ code: UInt8) -> DType? {
    switch code {
    case 0x08: .uint8
    case 0x09: .int8
    case 0x0B: .int16
    case 0x0C: .int32
    case 0x0D: .float32
    case 0x0E: .float64
    default: nil
    }
  }

  private static func swapBytes(_ bytes: inout [UInt8], size: Int) {
    if size == 1 { return }
    for start in stride(from: 0, to: bytes.count, by: size) { bytes[start..<start + size].reverse() }
  }
}
