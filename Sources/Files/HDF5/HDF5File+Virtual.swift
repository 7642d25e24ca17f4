import CHDF5
import Foundation
import Tensors

/// Datasets whose rows lie in other files (HDF5's virtual datasets). Whoever reads them sees one tensor, h5py too.
extension HDF5File {
  /// Some rows of a tensor, which are a whole dataset elsewhere.
  public struct Piece: Sendable {
    /// Relative to the folder of the file that is made of pieces.
    public let file: String
    /// The dataset's path there.
    public let path: String
    public let rows: Range<Int>

    public init(file: String, path: String, rows: Range<Int>) {
      (self.file, self.path, self.rows) = (file, path, rows)
    }
  }

  /// Makes a dataset of rows in other files.
  ///
  /// - Parameter pieces: the rows, which cover the first dimension. Empty ones are left out.
  public func write(_ pieces: [Piece], shape: [Int], dtype: DType, to path: String) throws {
    try withID { _ in
      let place = place(path)
      let type = try HDF5Type.stored(dtype, at: place)
      let space = try HDF5Dataset.space(shape, maximum: nil, at: place)
      let dataset = try create(path, type: type, space: space, chunk: nil, layout: .contiguous) { list in
        for piece in pieces where !piece.rows.isEmpty {
          let count = [piece.rows.count] + shape.dropFirst()
          let (target, source) = (
            try HDF5Dataset.space(shape, maximum: nil, at: place), try HDF5Dataset.space(count, maximum: nil, at: place)
          )
          let offset = [hsize_t(piece.rows.lowerBound)] + shape.dropFirst().map { _ in 0 }
          try target.use { target in
            try source.use { source in
              try HDF5Library.check(
                H5Sselect_hyperslab(target, H5S_SELECT_SET, offset, nil, count.map { hsize_t($0) }, nil),
                "cannot select rows", at: place, .malformed)
              try HDF5Library.check(
                H5Pset_virtual(list, target, piece.file, piece.path, source), "cannot name the rows' file", at: place,
                .malformed)
            }
          }
        }
      }
      if let marker = HDF5Type.marker(for: dtype) {
        try dataset.use { try HDF5Attribute.string(marker).write(HDF5Type.markerName, to: $0, at: place) }
      }
    }
  }

  /// Refuses a dataset whose pieces are missing or cut short: libhdf5 would give zeros for them.
  func checkPieces(of dataset: HDF5ID, _ path: String) throws {
    let place = place(path)
    let list = try HDF5Library.own(H5Pclose, "cannot read the layout", at: place, .malformed) {
      dataset.use { H5Dget_create_plist($0) }
    }
    let pieces = try list.use { list -> [(file: String, path: String)] in
      guard H5Pget_layout(list) == H5D_VIRTUAL else { return [] }
      var count = 0
      try HDF5Library.check(H5Pget_virtual_count(list, &count), "cannot read the layout", at: place, .malformed)
      return (0..<count).map { index in
        (
          Self.text { H5Pget_virtual_filename(list, index, $0, $1) },
          Self.text { H5Pget_virtual_dsetname(list, index, $0, $1) }
        )
      }
    }
    let folder = URL(fileURLWithPath: self.path).deletingLastPathComponent().path
    for piece in pieces where piece.file != "." {
      let source = piece.file.hasPrefix("/") ? piece.file : "\(folder)/\(piece.file)"
      guard try opened(source, for: place).contains(piece.path) else {
        throw Failure(
          .missing, at: place, "its rows are not in \(source)", advice: "Copy the files of one checkpoint together.")
      }
    }
  }

  /// A file of pieces. It stays open: libhdf5 opens it for each read, which then costs nothing.
  private func opened(_ path: String, for place: String) throws -> HDF5File {
    try HDF5Library.locked {
      if let known = pieces[path] { return known }
      do {
        let file = try HDF5File.open(path, closing: H5F_CLOSE_WEAK)
        pieces[path] = file
        return file
      } catch var failure as Failure {
        failure.advice = "It holds rows of \(place). Copy the files of one checkpoint together."
        throw failure
      }
    }
  }

  private static func text(_ read: (UnsafeMutablePointer<CChar>?, Int) -> Int) -> String {
    var buffer = [CChar](repeating: 0, count: max(0, read(nil, 0)) + 1)
    _ = read(&buffer, buffer.count)
    return String(decoding: buffer.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
