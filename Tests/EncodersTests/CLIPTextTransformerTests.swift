import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Encoders
@testable import Files

@Suite struct CLIPTextTransformerTests {
  /// A model from transformers, see make_clip.py.
  static func model(_ name: String, projected: Bool) throws -> CLIPTextTransformer {
    let config = try CLIPTextConfiguration(ModelConfig("\(fixtures)/\(name)/config.json"), projected: projected)
    let weights = try SafetensorsFile("\(fixtures)/\(name)/model.safetensors")
    return try CLIPTextTransformer(weights, config)
  }

  @Test(arguments: [
    ("clip-plain", false), ("clip-prefixed", false), ("clip-projected", true), ("clip-projected-end", true),
  ])
  func `Both classes and both layouts give what transformers gives`(name: String, projected: Bool) throws {
    let model = try Self.model(name, projected: projected)
    let expected = try SafetensorsFile("\(fixtures)/\(name)/expected.safetensors")
    let ids = try expected.tensor("ids")
    let output = try model(ids)
    var pairs = [
      ("penultimate", output.penultimate), ("last", output.last), ("pooled", output.pooled),
      ("penultimate", try model.penultimate(ids)),
    ]
    if projected { pairs.append(("projected", try #require(output.projected))) }
    for (key, value) in pairs {
      let difference = try largestDifference(value, expected.tensor(key))
      #expect(difference < 1e-5, "\(key)")
    }
    #expect((output.projected != nil) == projected)
  }

  @Test(arguments: [("clip-l", false), ("clip-bigg", true)])
  func `SDXL's encoders have the tensors of their files`(name: String, projected: Bool) throws {
    let sizes: [String: JSONValue] =
      projected
      ? [
        "hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 20,
        "projection_dim": 1280, "hidden_act": "gelu",
      ]
      : [
        "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
        "projection_dim": 768,
      ]
    let config = try CLIPTextConfiguration(ModelConfig(sizes, path: "config.json"), projected: projected)
    let store = ParameterStore(.shapes)
    _ = try CLIPTextTransformer(store.root, config)
    let names = String(decoding: try unzipped("\(fixtures)/\(name).names.gz"), as: UTF8.self)
    #expect(store.all.map { "\($0.name)\t\($0.value.shape)" }.sorted() == names.split(separator: "\n").map(String.init))
    #expect(store.count == (projected ? 694_659_840 : 123_060_480))
  }

  @Test func `Every parameter can be trained if asked`() throws {
    let config = try CLIPTextConfiguration(ModelConfig("\(fixtures)/clip-projected/config.json"), projected: true)
    let store = ParameterStore(.random(seed: 0))
    let ids = try Tensor([97, 3, 98], shape: [1, 3])
    try sum(#require(CLIPTextTransformer(store.root, config)(ids).projected)).backward()
    #expect(store.all.allSatisfy { $0.value.gradient != nil })
    #expect(try !Self.model("clip-plain", projected: false)(ids).last.requiresGrad)
  }

  @Test(
    arguments: [
      (["hidden_act": "relu"], "hidden_act: expected quick_gelu, gelu or gelu_pytorch_tanh, got relu"),
      (["num_attention_heads": 7], "num_attention_heads: expected a divisor of hidden_size, 512, got 7"),
      (["num_hidden_layers": 0], "num_hidden_layers: expected 1 to 16777216, got 0"),
      (["model_type": "bert"], "model_type: expected \"clip_text_model\", got \"bert\""),
      (["rotary": true], "rotary: the setting is not known"),
      (["eos_token_id": [1, 2]], "eos_token_id: expected an integer"),
    ] as [([String: JSONValue], String)])
  func aConfigThatCannotBeObeyedIsRefused(values: [String: JSONValue], expected: String) {
    let refusal = words {
      _ = try CLIPTextConfiguration(ModelConfig(values, path: "config.json"), projected: true)
    }
    #expect(refusal.contains(expected), "\(refusal)")
  }

  @Test func `Missing and misshapen tensors and long texts are refused`() throws {
    let other = ModelConfig(["hidden_size": 24, "vocab_size": 99], path: "config.json")
    let weights = try SafetensorsFile("\(fixtures)/clip-plain/model.safetensors")
    let misshapen = words {
      _ = try CLIPTextTransformer(weights, CLIPTextConfiguration(other, projected: true))
    }
    #expect(misshapen.contains("model.safetensors: text_model.embeddings.position_embedding.weight"), "\(misshapen)")
    #expect(misshapen.contains("expected [77, 24], got [13, 24]"), "\(misshapen)")
    let missing = words { _ = try Self.model("clip-plain", projected: true) }
    #expect(missing.contains("model.safetensors: there is no tensor 'text_projection.weight'"), "\(missing)")
    let long = words { _ = try Self.model("clip-plain", projected: false)(.zeros([1, 14], .int64)) }
    #expect(long.contains("[B, up to 13]"), "\(long)")
  }
}
