import Fewstep
import Files
import Foundation
import Media
import Networks
import Reports
import Shipped
import Tensors
import TestSupport
import Testing

@testable import Wan

@Suite("Wan in training")
struct WanTrainingTests {
  private func recipe(_ pipeline: WanPipeline, _ changes: String, model: String? = nil) throws -> YAMLNode {
    let prompts = pipeline.scratch.path("prompts")
    if !FileManager.default.fileExists(atPath: prompts) {
      let model = try pipeline.model(pipeline.diffusers, Wan.Settings(maximumLength: 16))
      _ = try LatentCache(model, into: prompts, shardRows: 10, batch: 1, dtype: .float32).prompts(["a cat", "a dog"])
    }
    return try YAMLNode.parse(
      """
      name: wan
      backbone:
        kind: wan
        model: \(model ?? pipeline.diffusers)
        prompts: \(prompts)
        size: [32, 48]
        frames: 5
        max-sequence-length: 16
        shift: 5
        gradient-checkpointing: true
      matching: {guidance: 3, guidance-passes: 2, times: [0, 1], levels: [0.02, 0.98], steps: step-aware}
      training: {steps: 4, batch: 4, micro-batches: 2}
      output: {samples: 0}
      monitor: {every: 0}
      \(changes)
      """)
  }

  /// Three videos of twelve frames.
  private func clips(_ pipeline: WanPipeline) throws -> String {
    let folder = pipeline.scratch.path("clips")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for index in 0..<3 {
      let frames = try (0..<12).map { frame in
        try NamedWeights.uniform("clip \(index)", [3, 40, 50]).rolled([frame, 2 * frame], [1, 2])
      }
      try FFmpeg().write(
        ((stacked(frames) + 0.5) * 255).to(.uint8), framesPerSecond: 16, to: "\(folder)/\(index).mp4")
      try AtomicFile.write(Data("clip \(index)".utf8), to: "\(folder)/\(index).txt")
    }
    return folder
  }

  @Test func `Videos are prepared with ffmpeg, and a GAN sees them on the blocks that the recipe names`() throws {
    let pipeline = try WanPipeline()
    let model = try pipeline.model(pipeline.diffusers, Wan.Settings(maximumLength: 16))
    let videos = try VideoSource.videos(in: [clips(pipeline)], framesPerSecond: 16)
    #expect(videos.map(\.caption) == ["clip 0", "clip 1", "clip 2"])
    let cache = LatentCache(
      model, into: pipeline.scratch.path("latents"), shardRows: 10, batch: 1, dtype: .float32)
    let summary = try cache.media(videos, size: WanPipeline.size)
    #expect(summary.rows == 3)
    var long = WanPipeline.size
    long.frames = 81
    let failure = #expect(throws: Failure.self) { try videos[0].framed(to: long) }
    #expect("\(try #require(failure))".contains("the video is too short; expected 81 frames at 16.0 a second, got 12"))

    let node = try recipe(
      pipeline,
      """
      data: {kind: prepared, folder: \(pipeline.scratch.path("latents"))}
      objective: {kind: dmd2, gan: {student-weight: 0.1, discriminator-weight: 0.1, head: pointwise}}
      fake-teacher: {updates: 1}
      """)
    let trainer = try Trainer(
      Recipe(node, catalog: .shipped()), components: TrainingComponents(Recipe(node, catalog: .shipped())))
    let report = try trainer.step()
    #expect(report.fakeTeacher.map(\.name).contains("discriminator"))
    #expect(report.student.allSatisfy { $0.value.isFinite })
    #expect(trainer.components.backbone.featureShape == [12, 2, 2, 3])
  }

  @Test(arguments: ["whole", "adapters"])
  func `A plan is what a step of AMD takes`(_ kind: String) throws {
    let lora = kind == "adapters" ? "lora: {rank: 2, layers: [to_q, to_v, ffn.net.2]}" : "weight-decay: 0"
    let pipeline = try WanPipeline()
    let node = try recipe(
      pipeline,
      """
      objective: {kind: amd, group-size: 2}
      reward: {kind: intrinsic}
      student: {steps: [1, 0.5], ema: {decay: 0.9, start: 1}, \(lora)}
      fake-teacher: {updates: 1, \(lora)}
      """)
    try expectPlanned(node)
  }

  @Test func `A teacher of another size is the family's own, and another family's is refused`() throws {
    let pipeline = try WanPipeline()
    // Deeper, with other weights.
    let large = pipeline.scratch.path("large")
    try FileManager.default.copyItem(atPath: pipeline.diffusers, toPath: large)
    let config = try ModelConfig("\(large)/transformer/config.json")
    let values = config.values.merging(["num_layers": 2, "num_attention_heads": 3]) { $1 }
    try AtomicFile.write(Data(JSONValue.object(values).description.utf8), to: config.path)
    let (_, store) = try NamedWeights.network {
      try WanTransformer($0.root, WanTransformerConfiguration(ModelConfig(config.path)))
    }
    try Safetensors.write(store.state, to: "\(large)/transformer/diffusion_pytorch_model.safetensors")

    let node = try recipe(
      pipeline, "objective: {kind: dmd}\nfake-teacher: {updates: 1}"
    )
    .setting(
      ["backbone"],
      to:
        "{kind: wan, model: \(pipeline.diffusers), teacher: \(large), prompts: \(pipeline.scratch.path("prompts")), size: [32, 48], frames: 5, max-sequence-length: 16}"
    )
    let recipe = try Recipe(node, catalog: .shipped())
    let components = try TrainingComponents(recipe)
    #expect(components.student.parameters.all.contains { $0.name.hasPrefix("blocks.0") })
    #expect(!components.student.parameters.all.contains { $0.name.hasPrefix("blocks.1") })
    let other = try node.setting(["backbone", "teacher"], to: PipelineFixture.path)
    let failure = #expect(throws: Failure.self) { try TrainingComponents(Recipe(other, catalog: .shipped())) }
    #expect("\(try #require(failure))".contains("expected WanPipeline, got StableDiffusionXLPipeline"))
    let time = try Tensor.full([1], 0.5, .float64)
    let noise = try WanPipeline.expected.tensor("noise")
    let condition = try components.backbone.condition([0])
    let (a, b) = try noGrad {
      (
        try components.teacher.denoise(from: noise, at: time, given: condition),
        try components.student.denoise(from: noise, at: time, given: condition)
      )
    }
    #expect(try error(of: a, b) > 0.01)
    #expect(try Trainer(recipe, components: components).step().student.allSatisfy { $0.value.isFinite })
  }

  @Test func `Prompts that were prepared with another negative prompt are refused by its name`() throws {
    let pipeline = try WanPipeline()
    let node = try recipe(pipeline, "objective: {kind: dmd}")
      .setting(
        ["backbone"],
        to:
          "{kind: wan, model: \(pipeline.diffusers), prompts: \(pipeline.scratch.path("prompts")), size: [32, 48], frames: 5, max-sequence-length: 16, negative-prompt: blurry}"
      )
    let failure = #expect(throws: (any Error).self) {
      try TrainingComponents(Recipe(node, catalog: .shipped()))
    }
    #expect("\(try #require(failure))".contains("negative prompt"))
  }
}
