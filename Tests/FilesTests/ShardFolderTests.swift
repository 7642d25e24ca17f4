import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ShardFolderTests {
  /// Writes rows 0 to 6 in shards of 3, 3 and 1; row i holds i.
  private func write(
    _ path: String, kind: String = "prompts", made fingerprint: Fingerprint = ["model": "a"], from origin: String = "o",
    upTo shards: Int = 3, told: (Failure) -> Void = { _ in }
  ) throws -> [Bool] {
    let writer = try ShardWriter(path, kind: kind, fingerprint, origin: origin)
    var kept = [Bool]()
    for (index, range) in [0..<3, 3..<6, 6..<7].prefix(shards).enumerated() {
      let source = "\(range)"
      kept.append(try writer.keep(source, damaged: told))
      if kept[index] { continue }
      try writer.write(
        source: source, rows: range.count,
        tensors: ["x": Tensor(range.flatMap { [Float($0), Float(-$0)] }, shape: [range.count, 2])],
        texts: ["names": range.map { "row \($0)" }], shared: ["nothing": .full([1, 2], 1234.5, .float32)])
    }
    if shards == 3 { try writer.finish() }
    return kept
  }

  @Test func `Rows are read across shards, in the order asked for`() throws {
    let scratch = try Scratch()
    _ = try write(scratch.path("d"))
    let folder = try ShardFolder(scratch.path("d"), kind: "prompts")
    #expect(folder.count == 7)
    #expect(try folder.rowShape("x") == [2])
    #expect(try folder.rows("x", [6, 0, 4, 4]).doubles() == [6, -6, 0, 0, 4, -4, 4, -4])
    #expect(try folder.strings("names") == (0..<7).map { "row \($0)" })
    #expect(try folder.shared("nothing").shape == [1, 2])
    #expect(folder.manifest.fingerprint == ["model": "a"])
  }

  @Test
  func `A folder that was cut off is refused, and finished by the same call without making a shard twice`() throws {
    let scratch = try Scratch()
    #expect(try write(scratch.path("d"), upTo: 2) == [false, false])
    expectError(.missing, "no manifest.json", "Call the writer again.") {
      _ = try ShardFolder(scratch.path("d"), kind: "prompts", advice: "Call the writer again.")
    }
    #expect(try write(scratch.path("d")) == [true, true, false])
    #expect(try ShardFolder(scratch.path("d"), kind: "prompts").count == 7)
    #expect(try write(scratch.path("d")) == [true, true, true])
  }

  @Test
  func `A folder of another kind, model or source is refused with both their names, and nothing in it changes`() throws
  {
    let scratch = try Scratch()
    let path = scratch.path("d")
    _ = try write(path)
    let advice = "Name another folder, or remove this one"
    expectError(.malformed, "manifest.json", "expected latents, got prompts", advice) {
      _ = try write(path, kind: "latents")
    }
    expectError(.malformed, "dtype: none instead of b; model: a instead of b", advice) {
      _ = try write(path, made: ["model": "b", "dtype": "b"])
    }
    // Before the folder is finished, the shards identify the data set.
    try FileManager.default.removeItem(atPath: "\(path)/manifest.json")
    expectError(.malformed, "shard-00000.h5", "model: a instead of b") {
      _ = try write(path, made: ["model": "b"])
    }
    let writer = try ShardWriter(path, kind: "prompts", ["model": "a"], origin: "other.txt")
    // A shard with the same source is kept, wherever it comes from.
    #expect(try writer.keep("0..<3"))
    expectError(.malformed, "shard-00001.h5", "rows from other.txt", "got rows from o", advice) {
      _ = try writer.keep("4..<7")
    }
    #expect(try write(path) == [true, true, true])
    _ = try scratch.write([1], to: "letter.txt")
    expectError(.malformed, "in it", "another folder") { _ = try write(scratch.folder) }
  }

  @Test func `A finished folder stays finished until one of its shards is replaced`() throws {
    let scratch = try Scratch()
    let path = scratch.path("d")
    _ = try write(path)
    #expect(try write(path, upTo: 2) == [true, true])
    #expect(try ShardFolder(path, kind: "prompts").count == 7)
    let writer = try ShardWriter(path, kind: "prompts", ["model": "a"], origin: "o")
    #expect(try !writer.keep("others"))
    #expect(try ShardFolder(path, kind: "prompts").count == 7)
    try writer.write(source: "others", rows: 1, tensors: ["x": .zeros([1, 2])], texts: [:])
    expectError(.missing, "no manifest.json") { _ = try ShardFolder(path, kind: "prompts") }
  }

  @Test func `A damaged shard is told and made again, whatever of it is damaged; a missing one is named`() throws {
    let scratch = try Scratch()
    let path = scratch.path("d")
    let shard = "\(path)/shard-00001.h5"
    _ = try write(path)
    let whole = try contents(shard)
    let row = withUnsafeBytes(of: (Float(4), Float(-4))) { Data($0) }
    let shared = withUnsafeBytes(of: Float(1234.5)) { Data($0) }
    for (what, pattern) in [("a row", row), ("a shared tensor", shared), ("a text", Data("row 4".utf8))] {
      var bytes = whole
      let place = try #require(bytes.range(of: pattern), "\(what)")
      bytes[place.lowerBound] ^= 1
      try bytes.write(to: URL(fileURLWithPath: shard))
      var told = [String]()
      #expect(try write(path) { told.append("\($0)") } == [true, false, true], "\(what)")
      #expect(told.count == 1 && told[0].contains("shard-00001.h5"), "\(what): \(told)")
      #expect(try contents(shard).range(of: pattern) != nil, "\(what)")
    }
    _ = try scratch.write("no".utf8, to: "d/shard-00001.h5")
    #expect(try write(path) == [true, false, true])
    expectError(.malformed, "expected latents", "got prompts") { _ = try ShardFolder(path, kind: "latents") }
    try FileManager.default.removeItem(atPath: shard)
    expectError(.missing, "shard-00001.h5") { _ = try ShardFolder(path, kind: "prompts") }
  }

  @Test func `What was left out is remembered by name, and a shard may have lost all its rows`() throws {
    let scratch = try Scratch()
    for call in 0..<2 {
      let writer = try ShardWriter(scratch.path("d"), kind: "latents", [:])
      for (index, rows) in [0, 2, 0, 1].enumerated() {
        if call == 1 {
          #expect(try writer.keep("\(index)"))
          continue
        }
        let names = (0..<rows).map { "\(index) \($0)" }
        try writer.write(
          source: "\(index)", rows: rows, tensors: rows == 0 ? [:] : ["x": .full([rows, 1], Double(index), .float32)],
          texts: rows == 0 ? [:] : ["names": names], skipped: rows == 0 ? ["bad \(index)"] : [])
      }
      try writer.finish()
      #expect(writer.skipped == ["bad 0", "bad 2"])
      let folder = try ShardFolder(scratch.path("d"), kind: "latents")
      #expect(folder.manifest.rows == [0, 2, 0, 1])
      #expect(folder.manifest.skipped == ["bad 0", "bad 2"])
      #expect(try folder.rowShape("x") == [1])
      #expect(try folder.strings("names") == ["1 0", "1 1", "3 0"])
      #expect(try folder.rows("x", [0, 1, 2]).doubles() == [1, 1, 3])
    }
  }
}
