import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct WeightsTests {
  /// A folder of one-tensor files. The tensor's value identifies the file.
  private func folder(_ names: String...) throws -> Scratch {
    let scratch = try Scratch()
    for (number, name) in names.enumerated() {
      if name.hasSuffix(".json") {
        try Safetensors.write([("x", Tensor([Float(number)]))], to: scratch.path("shard-\(number).safetensors"))
        _ = try scratch.write(Data(#"{"weight_map": {"x": "shard-\#(number).safetensors"}}"#.utf8), to: name)
      } else if name.hasSuffix(".bin") {
        try FileManager.default.copyItem(atPath: fixture("module.pth"), toPath: scratch.path(name))
      } else {
        try Safetensors.write([("x", Tensor([Float(number)]))], to: scratch.path(name))
      }
    }
    return scratch
  }

  @Test func `A single file comes before shards, safetensors before torch's, and each is found by itself`() throws {
    let names = [
      "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
      "model.fp16.safetensors", "model.safetensors.index.fp16.json",
    ]
    let all = try folder(names[0], names[1], names[2], names[3], names[4], names[5])
    for (number, name) in names.enumerated() {
      let variant = number < 4 ? nil : "fp16"
      #expect(try Weights.open(folder: all.folder, stem: "model", variant: variant).path == all.path(name))
      try FileManager.default.removeItem(atPath: all.path(name))
    }
    let diffusers = try folder("diffusion_pytorch_model.bin")
    let weights = try Weights.open(folder: diffusers.folder, stem: "diffusion_pytorch_model")
    #expect(weights.contains("0.weight"))
    let sharded = try folder("model.safetensors", "model.safetensors.index.fp16.json")
    #expect(try Weights.open(folder: sharded.folder, stem: "model", variant: "fp16").tensor("x").item() == 1)
  }

  @Test func `A variant that is not there is not replaced; those that are there are named`() throws {
    let scratch = try folder(
      "model.safetensors", "model.fp16.safetensors", "model.safetensors.index.bf16.json", "config.json",
      "model.ema-00001-of-00002.safetensors")
    expectError(.missing, "'int8'", "without a variant and the variant 'bf16' and the variant 'fp16'.") {
      _ = try Weights.open(folder: scratch.folder, stem: "model", variant: "int8")
    }
    let fp16 = try folder("model.fp16.safetensors")
    expectError(.missing, "expected model.safetensors or", "The folder has the variant 'fp16'.") {
      _ = try Weights.open(folder: fp16.folder, stem: "model")
    }
    expectError(.missing, "no such folder") { _ = try Weights.open(folder: fp16.path("none"), stem: "model") }
  }

  @Test(arguments: ["../model", ""])
  func `A variant is no path, and a parameter is no integer`(variant: String) throws {
    let scratch = try folder("model.safetensors")
    expectError(.malformed, "expected a variant's name", "got '\(variant)'") {
      _ = try Weights.open(folder: scratch.folder, stem: "model", variant: variant)
    }
    try Safetensors.write([("x", Tensor([1, 2]))], to: scratch.path("q.safetensors"))
    expectError(.malformed, "q.safetensors: x", "got int64[2]") {
      _ = try Weights.open(scratch.path("q.safetensors")).parameter("x")
    }
  }

  private func index(_ text: String, in scratch: Scratch) throws -> String {
    try scratch.write(Data(text.utf8), to: "model.safetensors.index.json")
  }

  @Test func `Shards are found through their index, and a file is opened when it is needed`() throws {
    let scratch = try Scratch()
    try Safetensors.write(
      [("a", Tensor([1] as [Float])), ("b", Tensor([2] as [Float]))], to: scratch.path("1.safetensors"))
    _ = try scratch.write(Data("broken".utf8), to: "2.safetensors")
    let path = try index(
      #"{"metadata": {"total_size": 8}, "weight_map": {"b": "1.safetensors", "a": "1.safetensors", "c": "2.safetensors"}}"#,
      in: scratch)
    let weights = try Weights.open(path)
    #expect(weights.names == ["a", "b", "c"])
    #expect(try weights.tensor("b").item() == 2)
    #expect(weights.contains("c") && !weights.contains("d"))
    expectError(.malformed, "2.safetensors") { _ = try weights.tensor("c") }
    expectError(.missing, "index.json", "'x.a'") { _ = try weights.tensor("x.a") }
  }

  @Test func `Shards that are missing, that lack a tensor, or lie elsewhere are refused with file and tensor`() throws {
    let scratch = try Scratch()
    try Safetensors.write([("a", Tensor([1] as [Float]))], to: scratch.path("1.safetensors"))
    let missing = try index(#"{"weight_map": {"a": "1.safetensors", "w.b": "2.safetensors"}}"#, in: scratch)
    expectError(.missing, "2.safetensors", "'w.b'") { _ = try Weights.open(missing) }
    let lacking = try index(#"{"weight_map": {"a": "1.safetensors", "b": "1.safetensors"}}"#, in: scratch)
    expectError(.malformed, "1.safetensors", "'b'") { _ = try Weights.open(lacking).tensor("b") }
    for place in ["../x.safetensors", "/etc/passwd", "sub/x.safetensors", "..", "", "model.safetensors.index.json"] {
      let outside = try index(#"{"weight_map": {"a": "\#(place)"}}"#, in: scratch)
      expectError(.malformed, "index.json: a", "next to the index", "'\(place)'") { _ = try Weights.open(outside) }
    }
    for text in ["{}", "[]", #"{"weight_map": []}"#, #"{"weight_map": {"a": 1}}"#, "{"] {
      let bad = try index(text, in: scratch)
      expectError(.malformed, "index.json") { _ = try Weights.open(bad) }
    }
  }
}
