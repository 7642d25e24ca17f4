import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Encoders
@testable import Files

@Suite struct CLIPModelTests {
  private func expected(_ folder: String, _ name: String) throws -> Tensor {
    try SafetensorsFile("\(fixtures)/\(folder)/expected.safetensors").tensor(name)
  }

  @Test
  func `A model of transformers' embeds pictures and texts as transformers does, and gives the same gradients`() throws
  {
    let folder = try CLIPFolder("\(fixtures)/clip-model")
    let model = try folder.model()
    #expect(folder.processing == CLIPImageProcessing(size: 28, .crop))
    let pixels = try preparedPictures("crop").requiringGrad()
    let images = try model.embeddings(pixels: pixels)
    try #expect(largestDifference(images, expected("clip-model", "images")) < 1e-5)
    let texts = try model.embeddings(tokens: expected("clip-model", "ids"))
    try #expect(largestDifference(texts, expected("clip-model", "texts")) < 1e-5)
    try #expect(Swift.abs(model.scale() - expected("clip-model", "scale").item()) < 1e-4)
    try sum(images * texts).backward()
    try #expect(largestDifference(#require(pixels.gradient).rows(0..<4), expected("clip-model", "gradient")) < 1e-5)
    #expect(try #require(model.parameters).all.allSatisfy { $0.value.gradient == nil })
  }

  @Test func `A model of open_clip's does the same, out of its folder and out of HPSv2's kind of checkpoint`() throws {
    let folder = try CLIPFolder("\(fixtures)/open-clip")
    #expect(folder.processing == CLIPImageProcessing(size: 28, .torchvisionCrop))
    let checkpoint = try Weights.open("\(fixtures)/open-clip/hps.pt")
    for model in [try folder.model(), try CLIPModel(checkpoint, folder.configuration)] {
      let texts = try model.embeddings(tokens: expected("open-clip", "ids"))
      try #expect(largestDifference(texts, expected("open-clip", "texts")) < 1e-5)
      try #expect(
        largestDifference(model.embeddings(pixels: preparedPictures("torchvision")), expected("open-clip", "images"))
          < 1e-5)
      try #expect(
        largestDifference(model.embeddings(pixels: preparedPictures("pad")), expected("open-clip", "hps_images")) < 1e-5
      )
    }
  }

  @Test func `A full ViT-H-14 has the tensors of PickScore's file, and by the other names those of HPSv2's`() throws {
    let store = ParameterStore(.shapes)
    _ = try CLIPModel(store.root, .vitH14)
    func lines(_ name: String) throws -> [String] {
      String(decoding: try unzipped("\(fixtures)/\(name).names.gz"), as: UTF8.self).split(separator: "\n").map(
        String.init)
    }
    #expect(try store.all.map { "\($0.name)\t\($0.value.shape)" }.sorted() == lines("clip-vit-h-14"))
    #expect(store.count == 986_109_441)
    // A source with the published names and shapes, and tensors without memory.
    let published = Dictionary(
      uniqueKeysWithValues: try lines("open-clip-vit-h-14").map { line in
        let parts = line.split(separator: "\t")
        let shape = parts[1].dropFirst().dropLast().split(separator: ", ").compactMap { Int($0) }
        return (String(parts[0]), shape)
      })
    let checkpoint = try CLIPCheckpoint(Published(shapes: published))
    for parameter in store.all { #expect(try checkpoint.tensor(parameter.name)?.shape == parameter.value.shape) }
    try checkpoint.refuseOthers(than: store.all.map(\.name))
  }

  private final class Published: WeightSource {
    let path = "hps.pt"
    let shapes: [String: [Int]]
    var names: [String] { shapes.keys.sorted() }
    init(shapes: [String: [Int]]) { self.shapes = shapes }
    func contains(_ name: String) -> Bool { shapes[name] != nil }
    func tensor(_ name: String) throws -> Tensor { try .empty(#require(shapes[name]), on: .meta) }
  }

  @Test func `Weights of another architecture are refused with the tensor's name`() throws {
    func refusal(_ weights: String, _ change: (inout CLIPConfiguration) -> Void) throws -> String {
      var configuration = try CLIPFolder("\(fixtures)/open-clip").configuration
      change(&configuration)
      return words { _ = try CLIPModel(Weights.open("\(fixtures)/\(weights)"), configuration) }
    }
    let wide = try refusal("open-clip/hps.pt") { $0.vision.encoder.hidden = 99 }
    #expect(wide.contains("hps.pt: visual.transformer.resblocks.0.mlp.c_fc.weight: "), "\(wide)")
    #expect(wide.contains("expected [99, 24], got [48, 24]"), "\(wide)")
    let packed = try refusal("open-clip/hps.pt") {
      $0.text.encoder.width = 27
      $0.text.vocabulary = 594
    }
    #expect(packed.contains("token_embedding.weight: "), "\(packed)")
    let deep = try refusal("open-clip/hps.pt") { $0.text.encoder.layers = 3 }
    #expect(deep.contains("hps.pt: transformer.resblocks.2.ln_1.weight: there is no such tensor"), "\(deep)")
    let shallow = try refusal("open-clip/hps.pt") { $0.text.encoder.layers = 1 }
    #expect(shallow.contains("transformer.resblocks.1."), "\(shallow)")
    #expect(shallow.contains("belongs to no layer"), "\(shallow)")
    let other = try refusal("clip-plain/model.safetensors") { _ in }
    #expect(other.contains("clip-plain/model.safetensors: not a CLIP model of texts and images"), "\(other)")
    let missing = try refusal("none.pt") { _ in }
    #expect(missing.contains("none.pt"), "\(missing)")
  }

  @Test
  func `Configs that older versions of transformers wrote are read, with all that they hold of other models`() throws {
    let generation: [String: JSONValue] = ["top_k": 50, "do_sample": false, "pruned_heads": [:], "prefix": nil]
    let config = ModelConfig(
      [
        "model_type": "clip", "projection_dim": 768, "logit_scale_init_value": 2.6592,
        "text_config": .object(
          generation.merging(["hidden_size": 512, "projection_dim": 512, "eos_token_id": 2]) { $1 }),
        "text_config_dict": ["hidden_size": 768, "num_attention_heads": 12],
        "vision_config": .object(generation.merging(["patch_size": 14, "num_channels": 3]) { $1 }),
        "vision_config_dict": nil,
      ], path: "config.json")
    let made = try CLIPConfiguration(config)
    #expect(made.text.width == 768 && made.text.projection == 768 && made.text.end == nil)
    #expect(made.vision.patch == 14 && made.vision.patches == 256 && made.vision.projection == 768)
  }

  @Test(
    arguments: [
      (["vision_cfg": ["timm_model_name": "x"]], "config.json: vision_cfg: timm_model_name: the setting is not known"),
      (["vision_cfg": ["layers": [1, 2]]], "vision_cfg: layers: expected an integer"),
      (["text_cfg": ["hf_model_name": "x"]], "text_cfg: hf_model_name: the setting is not known"),
      (["vision_cfg": nil], "the setting 'vision_cfg' is missing"),
      (["vision_cfg": ["patch_size": 300]], "patch_size: expected at most image_size, 224, got 300"),
    ] as [([String: JSONValue], String)])
  func anOpenCLIPConfigThatCannotBeObeyedIsRefused(values: [String: JSONValue], expected: String) {
    let config: [String: JSONValue] = ["embed_dim": 12, "vision_cfg": [:], "text_cfg": [:]]
    let words = words {
      _ = try CLIPConfiguration(openCLIP: ModelConfig(config.merging(values) { $1 }, path: "config.json"))
    }
    #expect(words.contains(expected), "\(words)")
  }
}
