import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import SDXL

/// A pipeline that diffusers saved, see make_text_encoders.py, in a separate folder that a test may change.
private final class TinyPipeline {
  let path = NSTemporaryDirectory() + "fewstep-sdxl-" + UUID().uuidString
  let expected: SafetensorsFile
  let prompts: [String]

  init() throws {
    let saved = "\(EncoderFixtures.folder)/text-encoders"
    try FileManager.default.copyItem(atPath: saved, toPath: path)
    expected = try SafetensorsFile("\(saved)/expected.safetensors")
    guard case .array(let prompts) = try JSONValue.read("\(saved)/prompts.json") else { throw CancellationError() }
    self.prompts = prompts.compactMap(\.string)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func encoders() throws -> TextEncoders { try TextEncoders(PipelineFolder(path)) }

  /// Changes a value in one of its JSON files, or removes it.
  func set(_ file: String, _ key: String, _ value: JSONValue?) throws {
    var values = try ModelConfig("\(path)/\(file)").values
    values[key] = value
    try Data(JSONValue.object(values).description.utf8).write(to: URL(fileURLWithPath: "\(path)/\(file)"))
  }

  func expectSame(_ key: String, _ value: Tensor, location: SourceLocation = #_sourceLocation) throws {
    let difference = try EncoderFixtures.difference(value, expected.tensor(key))
    #expect(difference < 1e-5, "\(key)", sourceLocation: location)
  }
}

@Suite struct TextEncodersTests {
  @Test func `Prompts are embedded as diffusers embeds them`() throws {
    let pipeline = try TinyPipeline()
    let (text, pooled, cutOff) = try pipeline.encoders()(pipeline.prompts)
    try pipeline.expectSame("text", text)
    try pipeline.expectSame("pooled", pooled)
    #expect(cutOff.map { $0 > 0 } == [false, false, false, true, false])
    #expect(!text.requiresGrad)
  }

  @Test func `Many prompts give what each gives alone`() throws {
    let pipeline = try TinyPipeline()
    let encoders = try pipeline.encoders()
    let many = Array(repeating: pipeline.prompts, count: 7).flatMap { $0 }
    let (text, pooled, cutOff) = try encoders(many)
    #expect(text.shape == [35, 77, 20] && pooled.shape == [35, 6] && cutOff.count == 35)
    try pipeline.expectSame("text", text.rows(30..<35))
    try pipeline.expectSame("pooled", pooled.rows(30..<35))
  }

  @Test func `No text is zeros or the empty text, as the pipeline says`() throws {
    let pipeline = try TinyPipeline()
    let zeros = try pipeline.encoders().nothing()
    #expect(zeros.text.shape == [1, 77, 20] && zeros.pooled.shape == [1, 6])
    #expect(try zeros.text.doubles().allSatisfy { $0 == 0 } && zeros.pooled.doubles().allSatisfy { $0 == 0 })
    try pipeline.set("model_index.json", "force_zeros_for_empty_prompt", false)
    let empty = try pipeline.encoders().nothing()
    try pipeline.expectSame("empty", empty.text)
    try pipeline.expectSame("pooled_empty", empty.pooled)
    // As in diffusers, zeros if the pipeline does not set it.
    try pipeline.set("model_index.json", "force_zeros_for_empty_prompt", nil)
    #expect(try pipeline.encoders().nothing().text.doubles().allSatisfy { $0 == 0 })
  }

  @Test(
    arguments: [
      ("model_index.json", "tokenizer_2", nil, "no component 'tokenizer_2'"),
      (
        "model_index.json", "text_encoder", ["transformers", "T5EncoderModel"],
        "expected CLIPTextModel, got T5EncoderModel"
      ),
      (
        "tokenizer_2/tokenizer_config.json", "model_max_length", 70,
        "model_max_length: expected 77, as in tokenizer, got 70"
      ),
      ("tokenizer/tokenizer_config.json", "model_max_length", 99, "expected at most 77 ids a text, got 99"),
      ("text_encoder/config.json", "vocab_size", 500, "expected at most 500 tokens, got 594"),
      ("text_encoder/config.json", "hidden_size", 16, "token_embedding.weight: expected [594, 16], got [594, 8]"),
      ("text_encoder_2/config.json", "projection_dim", 5, "text_projection.weight: expected [5, 12], got [6, 12]"),
    ] as [(String, String, JSONValue?, String)])
  func whatDoesNotFitIsNamed(file: String, key: String, value: JSONValue?, expected: String) throws {
    let pipeline = try TinyPipeline()
    try pipeline.set(file, key, value)
    let words = words { _ = try pipeline.encoders() }
    #expect(words.contains(expected) && words.contains(pipeline.path), "\(words)")
  }

  @Test func `Missing weights and an empty list of prompts are refused`() throws {
    let pipeline = try TinyPipeline()
    let none = words { _ = try pipeline.encoders()([]) }
    #expect(none.contains("there are no prompts"), "\(none)")
    try FileManager.default.removeItem(atPath: "\(pipeline.path)/text_encoder_2/model.safetensors")
    let words = words { _ = try pipeline.encoders() }
    #expect(words.contains("text_encoder_2: there are no weights"), "\(words)")
  }
}
