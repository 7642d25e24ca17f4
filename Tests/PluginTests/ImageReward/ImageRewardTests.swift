import Fewstep
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Encoders
@testable import Files
@testable import ImageReward

@Suite struct ImageRewardTests {
  /// The recipe's section, with other files if they are given.
  private static func section(
    weights: String = "\(imageReward)/tiny.pt", config: String? = "\(imageReward)/med_config.json",
    vocabulary: String = "\(imageReward)/vocab.txt", _ more: String = ""
  ) -> String {
    """
    kind: image-reward
    weights: \(weights)
    vocabulary: \(vocabulary)
    \(config.map { "config: \($0)" } ?? "")
    \(more)
    """
  }
  private func expected(_ name: String) throws -> Tensor {
    try SafetensorsFile("\(imageReward)/expected.safetensors").tensor(name)
  }

  @Test(arguments: [1, 3, 16])
  func `Files' scores are those of the authors' package, whatever the pictures' shapes and the batch`(batch: Int) throws
  {
    let (pictures, texts) = try pictures()
    let reward = try reward(Self.section("batch: \(batch)"))
    try #expect(largestDifference(reward.score(images: pictures, prompts: texts), expected("scores")) < 1e-5)
    let ranked = try reward.score(images: pictures, prompts: pictures.map { _ in texts[0] })
    try #expect(largestDifference(ranked, expected("ranked")) < 1e-5)
  }

  @Test func `Pictures are prepared as the authors' package prepares them, and gradients are PyTorch's`() throws {
    let (pictures, texts) = try pictures()
    let reward = try #require(reward(Self.section()) as? ImageReward)
    let published = try normalized(SafetensorsFile("\(fixtures)/pictures.safetensors").tensor("torchvision"))
    let prepared = try stacked(pictures.map(reward.prepared(image:)))
    try #expect(largestDifference(prepared, published) < 1e-5)
    let leaf = try published.requiringGrad()
    try sum(reward.score(prepared: leaf, prompts: texts)).backward()
    try #expect(relativeDifference(#require(leaf.gradient).rows(0..<4), from: expected("gradient")) < 2e-5)
  }

  @Test func `The gradient reaches the pixels through resizing and cropping, as PyTorch has it`() throws {
    let (pictures, texts) = try pictures()
    let pixels = try (pictures[2].to(.float32) / 255).requiringGrad()
    let reward = try reward(Self.section(), prompts: texts)
    let score = try reward.score(pixels, pixels: pixels.unsqueezed(0), given: Condition(promptIDs: [2], tensors: [:]))
    try #expect(largestDifference(score, expected("through")) < 1e-5)
    try sum(score).backward()
    try #expect(relativeDifference(#require(pixels.gradient), from: expected("through_gradient")) < 2e-5)
  }

  @Test func `In training a sample is scored against its prompt's text, and in bfloat16 not far from it`() throws {
    let (pictures, texts) = try pictures()
    let pixels = try (pictures[0].to(.float32) / 255).unsqueezed(0).expanded([3, -1, -1, -1])
    let condition = Condition(promptIDs: [4, 0, 5], tensors: [:])
    let reward = try reward(Self.section(), prompts: texts)
    let scores = try reward.score(pixels, pixels: pixels, given: condition)
    let files = try reward.score(
      images: Array(repeating: pictures[0], count: 3), prompts: [texts[4], texts[0], texts[5]])
    // The image has the network's size: nothing is resized.
    try #expect(largestDifference(scores, files) < 1e-5)
    try #expect(Swift.abs(scores[0].item() - scores[1].item()) > 0.01)
    let half = try PluginTests.reward(Self.section("precision: bfloat16"), prompts: texts)
    let rounded = try half.score(pixels, pixels: pixels, given: condition)
    #expect(rounded.dtype == .float32)
    try #expect(largestDifference(rounded, scores) < 0.05)
    let unknown = words {
      _ = try reward.score(pixels, pixels: pixels, given: Condition(promptIDs: [0, 7, 1], tensors: [:]))
    }
    #expect(unknown.contains("the backbone knows 7 prompts, and 7 is none of them"), "\(unknown)")
  }

  @Test func `A full model has the tensors of the published file, and what it does not read is known`() throws {
    let listed = String(decoding: try unzipped("\(imageReward)/image-reward.names.gz"), as: UTF8.self)
      .split(separator: "\n")
    let store = ParameterStore(.shapes)
    _ = try ImageRewardModel.blip(store.root, .large, .base)
    _ = try ImageRewardModel.head(store.root, BERTConfiguration.base.width)
    let ours = Set(store.all.map { "\($0.name)\t\($0.value.shape)" })
    let unread = listed.map(String.init).filter { !ours.contains($0) }
    #expect(ours.count + unread.count == listed.count)
    #expect(
      unread == [
        "blip.text_encoder.embeddings.position_ids\t[1, 512]", "blip.text_proj.bias\t[256]",
        "blip.text_proj.weight\t[256, 768]", "blip.vision_proj.bias\t[256]", "blip.vision_proj.weight\t[256, 1024]",
      ])
  }

  @Test func `The published sizes are the default's, as med_config.json says them`() throws {
    var values: [String: JSONValue] = [
      "architectures": ["BertModel"], "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu",
      "hidden_dropout_prob": 0.1, "hidden_size": 768, "initializer_range": 0.02, "intermediate_size": 3072,
      "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "model_type": "bert", "num_attention_heads": 12,
      "num_hidden_layers": 12, "pad_token_id": 0, "type_vocab_size": 2, "vocab_size": 30524, "encoder_width": 768,
      "add_cross_attention": true,
    ]
    func read() throws -> BERTConfiguration {
      try BERTConfiguration(ModelConfig(values, path: "med_config.json"), length: 35)
    }
    #expect(try read() == .base)
    for (key, value, expected) in [
      ("hidden_act", "relu", #"hidden_act: expected "gelu", got "relu""#),
      ("add_cross_attention", false, "add_cross_attention: expected true, got false"),
      ("num_attention_heads", 7, "num_attention_heads: expected a divisor of hidden_size, 768, got 7"),
      ("max_position_embeddings", 34, "max_position_embeddings: expected at least 35, a text's, got 34"),
      ("fusion_layer", 6, "fusion_layer: the setting is not known"),
    ] as [(String, JSONValue, String)] {
      let before = values[key]
      values[key] = value
      let refused = words { _ = try read() }
      #expect(refused.contains(expected), "\(refused)")
      values[key] = before
    }
  }

  @Test
  func `safetensors are read as torch's file is; files of equal tensors are one reward, other vocabularies are others`()
    throws
  {
    let scratch = try Scratch()
    let tiny = try Weights.open("\(imageReward)/tiny.pt")
    let path = "\(scratch.folder)/tiny.safetensors"
    try Safetensors.write(tiny.names.map { ($0, try tiny.tensor($0)) }, to: path)
    let (first, second) = (try reward(Self.section()), try reward(Self.section(weights: path)))
    #expect(try first.fingerprint() == second.fingerprint())
    let words = try String(contentsOfFile: "\(imageReward)/vocab.txt", encoding: .utf8)
    let other = try scratch.write(words.replacing("\ncat\n", with: "\nkat\n"), to: "vocab.txt")
    #expect(try first.fingerprint() != reward(Self.section(vocabulary: other)).fingerprint())
    let (pictures, texts) = try pictures()
    try #expect(largestDifference(second.score(images: pictures, prompts: texts), expected("scores")) < 1e-5)
  }

  @Test func `Weights of another architecture are refused with the file's and the tensor's names`() throws {
    let scratch = try Scratch()
    let clip = words { _ = try reward(Self.section(weights: "\(fixtures)/clip-model/model.safetensors")) }
    #expect(clip.contains("model.safetensors: blip.visual_encoder.cls_token: there is no such tensor"), "\(clip)")
    #expect(clip.contains("got logit_scale"), "\(clip)")
    let missing = words { _ = try reward(Self.section(weights: "\(imageReward)/none.pt")) }
    #expect(missing.contains("none.pt"), "\(missing)")

    let tiny = try Weights.open("\(imageReward)/tiny.pt")
    /// A copy of the file with one tensor changed or left out.
    func changed(_ name: String, _ tensor: Tensor?) throws -> String {
      var tensors = try tiny.names.filter { $0 != name }.map { ($0, try tiny.tensor($0)) }
      if let tensor { tensors.append((name, tensor)) }
      let path = "\(scratch.folder)/changed.safetensors"
      try Safetensors.write(tensors, to: path)
      return words { _ = try reward(Self.section(weights: path)) }
    }
    let absent = try changed("blip.text_encoder.encoder.layer.1.crossattention.self.key.weight", nil)
    #expect(absent.contains("layer.1.crossattention.self.key.weight: there is no such tensor"), "\(absent)")
    let other = try changed("blip.text_decoder.bias", .zeros([3]))
    #expect(other.contains("blip.text_decoder.bias: the tensor belongs to no layer"), "\(other)")
    let head = try changed("mlp.layers.8.weight", .zeros([1, 1]))
    #expect(head.contains("mlp.layers.8.weight: the tensor belongs to no layer"), "\(head)")
    let narrow = try changed("mlp.layers.2.weight", .zeros([64, 1024]))
    #expect(narrow.contains("mlp.layers.2.weight: the tensor has another shape; expected [128, 1024], got [64, 1024]"))
    let odd = try changed("blip.visual_encoder.cls_token", .zeros([1, 1, 100]))
    #expect(odd.contains("cls_token: expected a width that is a multiple of 64, a head's, got 100"), "\(odd)")
    let oblong = try changed("blip.visual_encoder.pos_embed", .zeros([1, 16, 128]))
    #expect(oblong.contains("pos_embed: expected a class token and a square of patches, got 16 positions"), "\(oblong)")
    let flat = try changed("blip.visual_encoder.patch_embed.proj.weight", .zeros([128, 147]))
    #expect(flat.contains("proj.weight: expected 4 dimensions, got [128, 147]"), "\(flat)")
  }

  @Test func `A config of other sizes than the weights', and a vocabulary of another size, are refused`() throws {
    let scratch = try Scratch()
    let text = try String(contentsOfFile: "\(imageReward)/med_config.json", encoding: .utf8)
    func config(_ setting: String, _ other: String) throws -> String {
      #expect(text.contains(setting))
      let path = try scratch.write(text.replacing(setting, with: other), to: "med_config.json")
      return words { _ = try reward(Self.section(config: path)) }
    }
    let wide = try config("\"hidden_size\": 24", "\"hidden_size\": 48")
    #expect(wide.contains("word_embeddings.weight: the tensor has another shape; expected [202, 48], got [202, 24]"))
    let deep = try config("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3")
    #expect(deep.contains("encoder.layer.2.attention.self.query.weight: there is no such tensor"), "\(deep)")
    let shallow = try config("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1")
    #expect(shallow.contains("blip.text_encoder.encoder.layer.1."), "\(shallow)")
    #expect(shallow.contains("belongs to no layer"), "\(shallow)")
    let vocabulary = try config("\"vocab_size\": 202", "\"vocab_size\": 203")
    #expect(vocabulary.contains("vocab.txt: the vocabulary is not the model's"), "\(vocabulary)")
    let published = words { _ = try reward(Self.section(config: nil)) }
    #expect(published.contains("expected 30524 tokens, [DEC] and [ENC] included, got 202"), "\(published)")
  }
}
