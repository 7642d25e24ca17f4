import Foundation
import Tensors
import TestSupport
import Testing

@testable import Files

@Suite struct HDF5BadInputTests {
  private func written(_ scratch: Scratch) throws -> String {
    try HDF5File.write(to: scratch.path("a.h5")) { file in
      try file.write(
        try sample(.float32, [100, 10]), to: "model/weight", layout: HDF5Layout(deflate: 1, checksum: true))
      try file.write(try sample(.float32, [3]), to: "model/bias")
    }
    return scratch.path("a.h5")
  }

  @Test func `A missing file is a missing input`() throws {
    let scratch = try Scratch()
    expectError(.missing, "none.h5", "no such file") { _ = try HDF5File.open(scratch.path("none.h5")) }
    expectError(.missing, "folder") { _ = try HDF5File.create(scratch.path("none/a.h5")) }
  }

  @Test func `What is not HDF5 is refused with its name`() throws {
    let scratch = try Scratch()
    for (name, bytes) in [("empty.h5", Data()), ("text.h5", Data("<html>".utf8)), ("zeros.h5", Data(count: 5000))] {
      let path = try scratch.write(bytes, to: name)
      expectError(.malformed, name, "expected an HDF5 file") { _ = try HDF5File.open(path) }
    }
    #expect(throws: Failure.self) { try HDF5File.open(scratch.folder) }
  }

  @Test func `A file cut short is refused with its name, wherever it was cut`() throws {
    let scratch = try Scratch()
    let whole = try contents(try written(scratch))
    for length in stride(from: 16, to: whole.count, by: 97) {
      let path = try scratch.write(whole.prefix(length), to: "cut.h5")
      expectError(.malformed, "cut.h5") { _ = try HDF5File.open(path).read("model/weight") }
    }
    let path = try scratch.write(whole.dropLast(), to: "cut.h5")
    expectError(.malformed, "cut.h5", "shorter than it should be") { _ = try HDF5File.open(path) }
  }

  @Test func `Damaged data is found by the checksum`() throws {
    let scratch = try Scratch()
    let path = scratch.path("a.h5")
    try HDF5File.write(to: path) { file in
      try file.write(try sample(.uint8, [1000]), to: "x", layout: HDF5Layout(checksum: true))
    }
    var bytes = try contents(path)
    let place = try #require(bytes.firstRange(of: Data((0..<50).map { UInt8($0) })))
    bytes[place.lowerBound + 5] ^= 0x40
    try bytes.write(to: URL(fileURLWithPath: path))
    expectError(.malformed, "a.h5:/x", "checksum") { _ = try HDF5File.open(path).read("x") }
  }

  @Test func `A missing dataset is named together with what is there`() throws {
    let scratch = try Scratch()
    let file = try HDF5File.open(try written(scratch))
    expectError(.missing, "a.h5:/model/wieght", "no 'wieght' in /model", "bias, weight") {
      _ = try file.read("model/wieght")
    }
    expectError(.missing, "no 'student' in /") { _ = try file.read("student/a/b") }
    expectError(.missing, "no 'deeper'") { _ = try file.read("model/bias/deeper") }
    expectError(.malformed, "a.h5:/model", "expected a dataset, got a group") { _ = try file.read("model") }
    expectError(.malformed, "expected a group") { _ = try file.names(in: "model/bias") }
    expectError(.missing, "no 'x'") { _ = try file.attribute("a", of: "x") }
  }

  @Test func `A path that is taken, or that runs through a dataset, is refused`() throws {
    let scratch = try Scratch()
    let file = try HDF5File.open(try written(scratch), .readWrite)
    expectError(.malformed, "a.h5:/model/bias", "taken") { try file.write(try sample(.int8, [1]), to: "model/bias") }
    #expect(throws: Failure.self) { try file.write(try sample(.int8, [1]), to: "model/bias/x") }
    expectError(.malformed, "needs a name") { try file.write(try sample(.int8, [1]), to: "/") }
  }

  @Test func `Files open for reading, and closed files, say so`() throws {
    let scratch = try Scratch()
    let file = try HDF5File.open(try written(scratch))
    expectError(.io, "reading only") { try file.write(try sample(.int8, [1]), to: "x") }
    let dataset = try file.dataset("model/bias")
    try file.close()
    try file.close()
    expectError(.io, "a.h5", "has been closed") { _ = try dataset.read() }
    expectError(.io, "has been closed") { _ = try file.items() }
  }

  @Test func `Layouts that cannot be are refused`() throws {
    let scratch = try Scratch()
    let file = try HDF5File.create(scratch.path("a.h5"))
    let tensor = try sample(.int8, [2, 3])
    for layout in [HDF5Layout(chunk: [2]), HDF5Layout(chunk: [0, 3]), HDF5Layout(deflate: 10)] {
      #expect(throws: Failure.self) { try file.write(tensor, to: "x", layout: layout) }
    }
    expectError(.malformed, "2 positive numbers") { try file.write(tensor, to: "x", layout: HDF5Layout(chunk: [2])) }
    let rows = try file.createRows("growing", rowShape: [3], dtype: .int8)
    try rows.append(tensor)
    try file.write(tensor, to: "fixed")
    #expect(throws: Failure.self) { try file.dataset("fixed").append(tensor) }
    #expect(try file.read("fixed").shape == [2, 3])
  }

  @Test func `A full disk and a lock in libhdf5's words become ours`() {
    let full = HDF5Library.translate(
      ["file write failed: time = Mon, filename = 'a.h5', errno = 28, error message = 'No space left on device'"],
      "cannot write the values", at: "a.h5:/x", .malformed)
    #expect(full.kind == .io && full.place == "a.h5:/x" && full.description.contains("Free some space"))
    let lock = HDF5Library.translate(
      ["unable to lock file, errno = 11, error message = 'Resource temporarily unavailable'"], "cannot open", at: "a",
      .malformed)
    #expect(lock.kind == .io && lock.description.contains("another process"))
    #expect(
      HDF5Library.translate([], "cannot open", at: "a", .malformed).description == "a: cannot open: no reason given")
  }

  @Test func `Bytes changed at random give errors or values, never a crash`() throws {
    let scratch = try Scratch()
    let whole = try contents(try written(scratch))
    var state: UInt64 = 7
    for round in 0..<150 {
      var bytes = whole
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes[Int(state >> 33) % min(bytes.count, 4096)] = UInt8(truncatingIfNeeded: state >> 20)
      }
      let path = try scratch.write(bytes, to: "noise\(round).h5")
      guard let file = try? HDF5File.open(path) else { continue }
      _ = try? file.items()
      _ = try? file.read("model/weight")
    }
  }
}
