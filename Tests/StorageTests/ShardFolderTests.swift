import Foundation
import Storage
import Tensors
import Testing

@Suite struct ShardFolderTests {
  /// Rows 0 to 6 in shards of 3, 3 and 1; row i holds i.
  private func write(_ path: String, attributes: [String: String] = ["model": "a"], upTo shards: Int = 3) throws
    -> [Bool]
  {
    let writer = try ShardWriter(path, kind: "prompts", attributes: attributes)
    var kept = [Bool]()
    for (index, range) in [0..<3, 3..<6, 6..<7].prefix(shards).enumerated() {
      let source = "\(range)"
      kept.append(writer.keep(source))
      if kept[index] { continue }
      try writer.write(
        source: source, rows: range.count,
        tensors: ["x": Tensor(range.flatMap { [Float($0), Float(-$0)] }, shape: [range.count, 2])],
        texts: ["names": range.map { "row \($0)" }], shared: ["nothing": .zeros([1, 2])])
    }
    if shards == 3 { try writer.finish() }
    return kept
  }

  @Test("Rows are read across shards, in the order asked for")
  func rowsAreRead() throws {
    let scratch = try Scratch()
    _ = try write(scratch.path("d"))
    let folder = try ShardFolder(scratch.path("d"), kind: "prompts")
    #expect(folder.count == 7)
    #expect(try folder.rowShape("x") == [2])
    #expect(try folder.rows("x", [6, 0, 4, 4]).doubles() == [6, -6, 0, 0, 4, -4, 4, -4])
    #expect(try folder.texts("names") == (0..<7).map { "row \($0)" })
    #expect(try folder.shared("nothing").shape == [1, 2])
    #expect(folder.manifest.attributes == ["model": "a"])
  }

  @Test("A folder that was cut off is refused, and finished by the same call without making a shard twice")
  func cutOff() throws {
    let scratch = try Scratch()
    #expect(try write(scratch.path("d"), upTo: 2) == [false, false])
    expectError(.missing, "no manifest.json", "call it again") {
      _ = try ShardFolder(scratch.path("d"), kind: "prompts")
    }
    #expect(try write(scratch.path("d")) == [true, true, false])
    #expect(try ShardFolder(scratch.path("d"), kind: "prompts").count == 7)
    #expect(try write(scratch.path("d")) == [true, true, true])
  }

  @Test("Shards made by another model are made again")
  func otherModel() throws {
    let scratch = try Scratch()
    _ = try write(scratch.path("d"))
    #expect(try write(scratch.path("d"), attributes: ["model": "b"]) == [false, false, false])
    #expect(try ShardFolder(scratch.path("d"), kind: "prompts").manifest.attributes == ["model": "b"])
  }

  @Test("A damaged shard is made again, a missing one is named, and a folder of another kind is refused")
  func damaged() throws {
    let scratch = try Scratch()
    let path = scratch.path("d")
    _ = try write(path)
    try Data("no".utf8).write(to: URL(fileURLWithPath: "\(path)/shard-00001.h5"))
    #expect(try write(path) == [true, false, true])
    expectError(.malformed, "expected latents", "got prompts") { _ = try ShardFolder(path, kind: "latents") }
    try FileManager.default.removeItem(atPath: "\(path)/shard-00001.h5")
    expectError(.missing, "shard-00001.h5") { _ = try ShardFolder(path, kind: "prompts") }
  }
}
