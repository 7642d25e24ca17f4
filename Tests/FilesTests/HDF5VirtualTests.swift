import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// Tensors whose rows lie in several files.
@Suite struct HDF5VirtualTests {
  private let scratch: Scratch
  private let whole: Tensor

  init() throws {
    scratch = try Scratch()
    whole = try Tensor((0..<35).map(Double.init), shape: [5, 7]).to(.bfloat16)
    try FileManager.default.createDirectory(atPath: scratch.path("rows"), withIntermediateDirectories: true)
    for (index, rows) in [0..<2, 2..<4, 4..<5].enumerated() {
      try HDF5File.write(to: scratch.path("rows/\(index).h5")) {
        try $0.write(whole.rows(rows), to: "a/b", layout: HDF5Layout(checksum: true))
      }
    }
    try HDF5File.write(to: scratch.path("all.h5")) { file in
      let pieces = [0..<2, 2..<4, 4..<5, 5..<5].enumerated().map {
        HDF5File.Piece(file: "rows/\($0).h5", path: "/a/b", rows: $1)
      }
      try file.write(pieces, shape: [5, 7], dtype: .bfloat16, to: "x/y")
    }
  }

  @Test func `They are read as one tensor, whole and by rows, from wherever the folder is`() throws {
    try FileManager.default.createDirectory(atPath: scratch.path("moved"), withIntermediateDirectories: true)
    for name in ["all.h5", "rows"] {
      try FileManager.default.moveItem(atPath: scratch.path(name), toPath: scratch.path("moved/\(name)"))
    }
    let file = try HDF5File.open(scratch.path("moved/all.h5"))
    try expectClose(file.read("x/y"), whole, 0)
    try expectClose(file.read("x/y", rows: 1..<5), whole.rows(1..<5), 0)
    #expect(try file.dataset("x/y").dtype == .bfloat16)
  }

  @Test func `A file that is missing, cut short or another's is told, and no zeros are read`() throws {
    for damage in ["missing", "short", "other"] {
      let path = scratch.path("rows/1.h5")
      switch damage {
      case "missing": try FileManager.default.moveItem(atPath: path, toPath: path + ".kept")
      case "short":
        try Data(contentsOf: URL(fileURLWithPath: path + ".kept")).prefix(900).write(to: URL(fileURLWithPath: path))
      default: try HDF5File.write(to: path) { try $0.write(whole, to: "c") }
      }
      let failure = #expect(throws: Failure.self) { try HDF5File.open(scratch.path("all.h5")).read("x/y") }
      #expect(failure?.description.contains("rows/1.h5") == true, "\(damage): \(String(describing: failure))")
      #expect(failure?.advice?.contains("Copy the files of one checkpoint together.") == true)
    }
  }
}
