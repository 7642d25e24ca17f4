import Files
import Foundation
import TestSupport
import Testing

@Suite struct ModelConfigTests {
  private func config(_ values: [String: JSONValue]) -> ModelConfig { ModelConfig(values, path: "config.json") }

  @Test func `Values are read by type; what is absent or null is the default`() throws {
    let c = config([
      "n": 3, "x": 0.5, "flag": true, "name": "silu", "list": [1, 2], "words": ["a", "b"], "none": nil,
      "_diffusers_version": "0.42",
    ])
    #expect(try c.integer("n") == 3)
    #expect(try c.number("n") == 3)
    #expect(try c.number("x") == 0.5)
    #expect(try c.boolean("flag"))
    #expect(try c.text("name") == "silu")
    #expect(try c.integers("list", count: 2) == [1, 2])
    #expect(try c.integers("n", count: 2) == [3, 3])
    #expect(try c.texts("words") == ["a", "b"])
    #expect(try c.integer("none", default: 7) == 7)
    #expect(!c.has("none"))
    try c.finish()
  }

  @Test func `A wrong type, a missing value, a wrong count and an unimplemented value are named`() throws {
    let c = config(["n": "three", "list": [1, 2], "act_fn": "relu"])
    expectError(.malformed, "config.json: n", "an integer", "\"three\"") { _ = try c.integer("n") }
    expectError(.malformed, "'m' is missing") { _ = try c.integer("m") }
    expectError(.malformed, "3 integers", "got 2") { _ = try c.integers("list", count: 3) }
    expectError(.malformed, "act_fn", "\"silu\"", "\"relu\"") { try c.accepts("act_fn", "silu") }
  }

  @Test func `A key that nobody has asked for is refused by name, unless it is null`() throws {
    let c = config(["known": 1, "novel": [1, 2], "unset": nil])
    _ = try c.integer("known")
    expectError(.malformed, "config.json: novel", "[1,2]") { try c.finish() }
    c.ignores("novel")
    try c.finish()
  }

  @Test func `A pipeline's folder is read, and what it lacks is named`() throws {
    let scratch = try Scratch()
    expectError(.missing, "no model_index.json") { _ = try PipelineFolder(scratch.folder) }
    let index = "{\"_class_name\": \"P\", \"unet\": [\"diffusers\", \"U\"], \"encoder\": [null, null], \"flag\": true}"
    _ = try scratch.write(Data(index.utf8), to: "model_index.json")
    let folder = try PipelineFolder(scratch.folder)
    #expect(folder.className == "P")
    #expect(folder.className(of: "encoder") == nil)
    expectError(.malformed, "model_index.json: unet", "expected V", "got U") { _ = try folder.component("unet", "V") }
    expectError(.missing, "no component 'vae'") { _ = try folder.component("vae", "A") }
    expectError(.missing, "unet: the folder") { _ = try folder.component("unet", "U") }
    try FileManager.default.createDirectory(atPath: scratch.path("unet"), withIntermediateDirectories: true)
    #expect(try folder.component("unet", "U", "V") == scratch.path("unet"))
  }
}
