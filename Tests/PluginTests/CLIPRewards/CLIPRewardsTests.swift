import Encoders
import Fewstep
import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import CLIPRewards

@Suite struct CLIPRewardsTests {
  private static let hps = """
    kind: hpsv2
    weights: \(fixtures)/open-clip/hps.pt
    config: \(fixtures)/open-clip/open_clip_config.json
    tokenizer: \(fixtures)/clip-model
    """
  private static func folder(_ kind: String, _ name: String = "clip-model", _ more: String = "") -> String {
    "kind: \(kind)\nmodel: \(fixtures)/\(name)\n\(more)"
  }

  @Test(arguments: [1, 3, 16])
  func `Files' scores are those of transformers and open_clip, whatever the pictures' shapes and the batch`(batch: Int)
    throws
  {
    let (pictures, texts) = try pictures()
    func score(_ section: String) throws -> Tensor {
      try reward("\(section)\nbatch: \(batch)").score(images: pictures, prompts: texts)
    }
    let cosine = try expected("clip-model", "cosine")
    try #expect(largestDifference(score(Self.folder("clip-score")), 100 * cosine.clamped(0, nil)) < 1e-4)
    let scale = try expected("clip-model", "scale").item()
    try #expect(largestDifference(score(Self.folder("pickscore")), scale * cosine) < 1e-4)
    try #expect(largestDifference(score(Self.hps), expected("open-clip", "hps")) < 1e-5)
    let opened = Self.folder("clip-score", "open-clip", "tokenizer: \(fixtures)/clip-model\nweight: 1")
    try #expect(largestDifference(score(opened), expected("open-clip", "cosine").clamped(0, nil)) < 1e-5)
  }

  @Test(arguments: ["several", "single"])
  func `LAION's predictors are read from torch's files, of several layers or of one`(name: String) throws {
    let (pictures, texts) = try pictures()
    let made = try reward(Self.folder("aesthetic", "open-clip", "head: \(fixtures)/aesthetic/\(name).pth"))
      .score(images: pictures, prompts: texts)
    try #expect(largestDifference(made, expected("aesthetic", name)) < 1e-5)
  }

  @Test func `In training a sample is scored against its prompt's text`() throws {
    let (pictures, texts) = try pictures()
    let pixels = try (pictures[1].to(.float32) / 255).unsqueezed(0).expanded([2, -1, -1, -1])
    let reward = try reward(Self.hps, prompts: texts)
    func score(_ prompts: [Int]) throws -> Tensor {
      try reward.score(pixels, pixels: pixels, given: Condition(promptIDs: prompts, tensors: [:]))
    }
    // HPSv2 resizes in floating point anyway.
    try #expect(
      largestDifference(
        score([4, 2]), reward.score(images: [pictures[1], pictures[1]], prompts: [texts[4], texts[2]])) < 1e-6)
    let both = try score([0, 5])  // the same text
    try #expect(largestDifference(both.rows(0..<1), both.rows(1..<2)) < 1e-6)
    let unknown = words { _ = try score([0, 7]) }
    #expect(unknown.contains("the backbone knows 7 prompts, and 7 is none of them"), "\(unknown)")
    let points = words { _ = try reward.score(pixels, pixels: nil, given: Condition(promptIDs: [0], tensors: [:])) }
    #expect(points.contains("no images"), "\(points)")
  }

  @Test func `The gradient reaches the pixels through resizing and cropping, as PyTorch has it`() throws {
    let (pictures, texts) = try pictures()
    let pixels = try (pictures[2].to(.float32) / 255).requiringGrad()
    let reward = try reward(Self.folder("clip-score", "clip-model", "weight: 1"), prompts: texts)
    let score = try reward.score(
      pixels, pixels: pixels.unsqueezed(0), given: Condition(promptIDs: [2], tensors: [:]))
    let through = try expected("clip-model", "through")
    #expect(try through.item() > 0)  // else max(cos, 0) has no gradient
    try #expect(largestDifference(score, through.reshaped([1])) < 1e-5)
    try sum(score).backward()
    try #expect(relativeDifference(#require(pixels.gradient), from: expected("clip-model", "through_gradient")) < 2e-5)
  }

  @Test
  func `Tensors' scores are near those of the files that they are rounded to, and in bfloat16 not far away`() throws {
    let (pictures, texts) = try pictures()
    let section = Self.folder("clip-score", "clip-model", "weight: 1")
    let (full, half) = (
      try reward(section, prompts: texts), try reward(section + "\nprecision: bfloat16", prompts: texts)
    )
    for (index, picture) in pictures.enumerated() {
      let pixels = try (picture.to(.float32) / 255).unsqueezed(0)
      let condition = Condition(promptIDs: [index], tensors: [:])
      let tensors = try full.score(pixels, pixels: pixels, given: condition)
      try #expect(
        largestDifference(tensors, full.score(images: [picture], prompts: [texts[index]])) < 0.01, "\(index)")
      let rounded = try half.score(pixels, pixels: pixels, given: condition)
      #expect(rounded.dtype == .float32)
      try #expect(largestDifference(tensors, rounded) < 0.03, "\(index)")
    }
  }

  @Test func `A prefix is part of the text, and of what tells two rewards apart`() throws {
    let (pictures, _) = try pictures()
    let plain = try reward(Self.folder("clip-score"))
    let prefixed = try reward(Self.folder("clip-score", "clip-model", "prefix: A photo depicts"))
    try #expect(
      largestDifference(
        prefixed.score(images: [pictures[0]], prompts: ["a cat"]),
        plain.score(images: [pictures[0]], prompts: ["A photo depicts a cat"])) == 0)
    #expect(try plain.fingerprint() != prefixed.fingerprint())
    #expect(try plain.fingerprint() == reward(Self.folder("clip-score")).fingerprint())
    // Another tokenizer gives other scores.
    let scratch = try Scratch()
    let other = "\(scratch.folder)/tokenizer"
    try FileManager.default.copyItem(atPath: "\(fixtures)/clip-model", toPath: other)
    let path = "\(other)/tokenizer_config.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try Data(text.replacing(#""model_max_length": 20"#, with: #""model_max_length": 19"#).utf8)
      .write(to: URL(fileURLWithPath: path))
    let shorter = try reward(Self.folder("clip-score", "clip-model", "tokenizer: \(other)"))
    #expect(try plain.fingerprint() != shorter.fingerprint())
  }

  @Test func `Files that are not the model's are refused with their names`() throws {
    func refused(_ section: String) -> String { words { _ = try reward(section) } }
    // Without its config the tiny network is assumed to be a ViT-H-14.
    let tiny = refused(Self.hps.replacing("config: \(fixtures)/open-clip/open_clip_config.json\n", with: ""))
    #expect(tiny.contains("hps.pt: token_embedding.weight: "), "\(tiny)")
    #expect(tiny.contains("expected [49408, 1024], got [594, 18]"), "\(tiny)")
    let missing = refused(Self.hps.replacing("hps.pt", with: "none.pt"))
    #expect(missing.contains("none.pt"), "\(missing)")
    let folder = refused(Self.folder("pickscore", "aesthetic"))
    #expect(folder.contains("there is no CLIP model; expected a folder with config.json"), "\(folder)")
    let head = refused(Self.folder("aesthetic", "open-clip", "head: \(fixtures)/open-clip/hps.pt"))
    #expect(head.contains("belongs to no linear layer"), "\(head)")
    let version = refused(Self.hps + "\nversion: v3")
    #expect(version.contains("'v3' is not one of v2.0, v2.1"), "\(version)")
  }

  @Test func `A head for embeddings of another width is refused with the layer's name`() {
    let refused = words { _ = try AestheticHead("\(fixtures)/aesthetic/several.pth", width: 768, on: .cpu) }
    #expect(refused.contains("several.pth: layers.0.weight: "), "\(refused)")
    #expect(refused.contains("expected [outputs, 768], got [9, 12]"), "\(refused)")
  }

  @Test
  func `A published file of the other version is known by its hash, and any other file is taken at its word`() throws {
    let path = "\(fixtures)/open-clip/hps.pt"
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path)).count
    func published(_ version: HPSVersion, _ bytes: Int, _ hash: String) -> [HPSVersion.Published] {
      [HPSVersion.Published(version: version, bytes: bytes, hash: hash)]
    }
    let known = published(.v20, bytes, try SHA256.hash(of: path))
    let refused = words { try HPSVersion.v21.check(path, against: known) }
    #expect(refused.contains("hps.pt: these are the weights of HPS v2.0; expected those of v2.1"), "\(refused)")
    try HPSVersion.v20.check(path, against: known)
    try HPSVersion.v21.check(path, against: published(.v20, bytes, "00"))
    try HPSVersion.v21.check(path, against: published(.v20, bytes + 1, SHA256.hash(of: path)))
    try HPSVersion.v21.check(path)
  }
}
