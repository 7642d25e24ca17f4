import Foundation
import Tensors
import TestSupport
import Testing

@testable import Files
@testable import Media

@Suite struct FileTests {
  @Test func `A file is replaced as a whole and nothing else is left in the folder`() throws {
    let scratch = try Scratch()
    let path = scratch.path("a.bin")
    try AtomicFile.write(Data([1, 2]), to: path)
    try AtomicFile.write(Data([3]), to: path)
    #expect(try contents(path) == Data([3]))
    #expect(try scratch.files() == ["a.bin"])
  }

  @Test func `When the writer fails, the old file stays and the temporary one goes`() throws {
    let scratch = try Scratch()
    let path = try scratch.write([9], to: "a.bin")
    expectError(.io, "a.bin: no room") {
      try AtomicFile.write(to: path) { temporary in
        try Data([1]).write(to: URL(fileURLWithPath: temporary))
        throw Failure(.io, at: temporary, "no room")
      }
    }
    #expect(try contents(path) == Data([9]))
    #expect(try scratch.files() == ["a.bin"])
  }

  @Test func `A folder that does not exist is named`() throws {
    let scratch = try Scratch()
    expectError(.missing, "none/a.bin", "folder") { try AtomicFile.write(Data([1]), to: scratch.path("none/a.bin")) }
  }

  @Test func `A full disk leaves the previous files and says so`() async throws {
    await #expect(processExitsWith: .success) {
      let scratch = try Scratch()
      let path = scratch.path("a.bin")
      try AtomicFile.write(Data([1]), to: path)
      let log = try EventFile(folder: scratch.path("log"))
      // Writing beyond this size fails, as on a full disk.
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 20_000, rlim_max: 20_000)
      setrlimit(__rlimit_resource_t(UInt32(RLIMIT_FSIZE.rawValue)), &limit)
      let big = Data(count: 100_000)
      try expectFull(path) { try AtomicFile.write(big, to: path) }
      try require(try contents(path) == Data([1]))

      let tensors = try sample(.float32, [200, 200])
      try expectFull("a.safetensors") {
        try Safetensors.write([("x", tensors)], to: scratch.path("a.safetensors"))
      }
      try HDF5File.write(to: scratch.path("a.h5")) { try $0.write(try sample(.int8, [3]), to: "x") }
      try expectFull("a.h5") {
        try HDF5File.write(to: scratch.path("a.h5")) { try $0.write(tensors, to: "x") }
      }
      try require(try HDF5File.open(scratch.path("a.h5")).read("x").shape == [3])

      let before = try contents(log.path)
      let noise = try PNGImage(
        width: 200, height: 200, color: .rgb, pixels: (0..<120_000).map { _ in UInt8.random(in: 0...255) })
      try expectFull(log.path) { try log.add(image: noise, tag: "x", step: 1) }
      try require(try contents(log.path) == before)
      try require(try scratch.files() == ["a.bin", "a.h5", "log"])
      try FileManager.default.removeItem(atPath: scratch.folder)
      exit(0)
    }
  }

  @Test func `The free space of a folder that is yet to be made is that of its disk`() throws {
    let scratch = try Scratch()
    let space = try DiskSpace.available(at: scratch.path("not/yet/there"))
    #expect(space > 0)
    #expect(try DiskSpace.available(at: "relative/path") > 0)
  }
}

private struct Unexpected: Error {
  let what: String
}

private func require(_ condition: @autoclosure () throws -> Bool, line: Int = #line) throws {
  if try !condition() { throw Unexpected(what: "line \(line)") }
}

private func expectFull(_ name: String, _ body: () throws -> Void) throws {
  do {
    try body()
  } catch let error as Failure {
    let isRight = error.kind == .io && error.description.contains(name) && error.description.contains("unchanged")
    if isRight { return }
    throw error
  }
  throw Unexpected(what: "\(name): no error")
}
