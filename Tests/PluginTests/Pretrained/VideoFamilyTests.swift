import Evaluation
import Fewstep
import Files
import Foundation
import Reports
import Shipped
import Tensors
import TestSupport
import Testing

@Suite struct VideoFamilyTests {
  private func catalog() -> Catalog { .shipped(adding: [{ $0.add(TinyVideo.self) }]) }

  private func prepare(_ prompts: [String], with model: String, into folder: String) throws {
    let model = try catalog().model(ModelSource(PipelineFolder(model)))
    _ = try LatentCache(model, into: folder, shardRows: 10, batch: 10, dtype: .float32).prompts(prompts)
  }

  @Test func `A family of videos trains, shows film strips, reports and exports without a change of the core`() throws {
    let scratch = try Scratch()
    let model = scratch.path("model")
    try TinyVideo.write(to: model)
    try prepare(["a cat", "the end of the road"], with: model, into: scratch.path("prompts"))
    let node = try YAMLNode.parse(
      """
      name: video
      backbone: {kind: tiny-video, model: \(model), prompts: \(scratch.path("prompts")), size: [8, 8], frames: 5}
      objective: {kind: amd, group-size: 2}
      reward: {kind: intrinsic}
      matching: {guidance: 2, steps: step-aware}
      student: {steps: [1, 0.5], lora: {rank: 1}}
      fake-teacher: {updates: 1, lora: {rank: 1}}
      training: {steps: 3, batch: 4, micro-batches: 2}
      monitor: {samples: 4, teacher-steps: 2}
      output: {log-every: 1, diagnostics-every: 1, sample-every: 3, checkpoint-every: 1, keep: 9}
      """)
    let recipe = try Recipe(node, catalog: catalog())
    let trainer = try Trainer(recipe, components: TrainingComponents(recipe))
    let backbone = trainer.components.backbone
    #expect(backbone.sampleShape == [3, 5, 8, 8])
    let grid = SampleGrid(backbone, columns: 8, batch: 1)
    let ids = [0, 1]
    let folder = RunFolder(scratch.path("run"))
    let run = try TrainingRun(trainer, folder: folder, resume: false)
    var observer = TrainingRun.Observer()
    observer.image = { _ in
      let samples = try SampleGenerator(backbone, seed: 0).fewStep(
        trainer.components.student, steps: recipe.steps, promptIDs: ids)
      return try grid.image([("student", samples)], promptIDs: ids)
    }
    guard case .finished = try run.run(observer) else {
      Issue.record("the run did not finish")
      return
    }

    // Two samples per row, four frames each.
    let image = try #require(try observer.image { _, _ in })
    #expect(image.width > 8 * 8 * 2 - 1 && image.height < image.width)
    #expect(scratch.has("run/samples/step-3.png"))
    let page = try RunReport(RunRecord(folder.path), gnuplot: Gnuplot()).html().text
    #expect(page.contains("tiny-video") && page.contains("<img"))

    let export = try Export(folder, recipe: recipe, catalog: catalog())
    try export.write("component", to: scratch.path("transformer"), dtype: .float32)
    try export.write("peft", to: scratch.path("peft.safetensors"), dtype: .float32)
    let names = try SafetensorsFile(scratch.path("peft.safetensors")).names
    #expect(names.contains("transformer.frames.lora_A.weight"))
    #expect(try SafetensorsFile(scratch.path("peft.safetensors")).metadata["student.steps"] == "[1.0, 0.5]")
    let weights = try SafetensorsFile(
      scratch.path("transformer/diffusion_pytorch_model.safetensors"))
    #expect(try weights.tensor("frames.weight").shape == [4, 3, 3, 1, 1])

    // The best checkpoint, if the run keeps one, is what is exported.
    try AtomicFile.write(
      Data(#"{"metric": "reward", "improvements": [{"step": 1, "value": 0}]}"#.utf8), to: folder.best)
    func exported(_ step: Int?) throws -> [UInt8] {
      let export = try Export(folder, recipe: recipe, catalog: catalog(), step: step)
      let path = scratch.path("step-\(step ?? 0).safetensors")
      try export.write("peft", to: path, dtype: .float32)
      return try bytes(SafetensorsFile(path).tensor("transformer.frames.lora_B.weight"))
    }
    #expect(try exported(nil) == exported(1) && exported(nil) != exported(3))
  }

  @Test func `Videos are scored by an image reward and by a discriminator's convolutions`() throws {
    let scratch = try Scratch()
    let model = scratch.path("model")
    try TinyVideo.write(to: model)
    let source = try ModelSource(PipelineFolder(model))
    let cache = LatentCache(
      try catalog().model(source), into: scratch.path("prompts"), shardRows: 10, batch: 10, dtype: .float32)
    _ = try cache.prompts(["a cat", "the end of the road"])
    let clips = LatentCache(
      try catalog().model(source), into: scratch.path("clips"), shardRows: 10, batch: 10, dtype: .float32)
    _ = try clips.media(
      [Clip(name: "a", caption: "one"), Clip(name: "bb", caption: "three")], size: TinyVideo.defaultSize)
    let node = try YAMLNode.parse(
      """
      name: video
      backbone: {kind: tiny-video, model: \(model), prompts: \(scratch.path("prompts")), size: [8, 8], frames: 5}
      data: {kind: prepared, folder: \(scratch.path("clips"))}
      reward: {kind: clip-score, model: \(fixtures)/clip-model, batch: 3, frames: 2}
      objective:
        kind: amd
        group-size: 2
        gan: {head: convolutional, student-weight: 0.1, discriminator-weight: 0.1}
      student: {steps: [1, 0.5], reward-weight: 0.1}
      training: {steps: 1, batch: 4}
      """)
    let recipe = try Recipe(node, catalog: catalog())
    let trainer = try Trainer(recipe, components: TrainingComponents(recipe))
    let report = try trainer.step()
    #expect(report.reward?.isFinite == true)
    #expect(
      report.fakeTeacher.map(\.name).contains("discriminator") && report.student.map(\.name).contains("reward-loss"))
  }

  /// A video of noise. `framed` keeps its first frames.
  private struct Clip: MediaItem {
    let name: String
    let caption: String
    var bytes: () throws -> Data { { Data(name.utf8) } }

    func framed(to size: MediaSize) throws -> (pixels: Tensor, frame: MediaFrame) {
      let frames = size.frames ?? 1
      let pixels = try Noise(seed: name.count).stream("clip", step: 0).uniform(
        0..<1, [3, frames, size.height, size.width], low: -1, high: 1)
      let original = MediaSize(height: size.height, width: size.width, frames: frames + 3)
      return (try pixels[0], MediaFrame(original: original, cropTop: 0, cropLeft: 0, size: size))
    }
  }

  @Test func `Videos are prepared, and read as data with the names that the shards have`() throws {
    let scratch = try Scratch()
    try TinyVideo.write(to: scratch.path("model"))
    let model = try catalog().model(ModelSource(PipelineFolder(scratch.path("model"))))
    let cache = LatentCache(model, into: scratch.path("clips"), shardRows: 2, batch: 2, dtype: .float32)
    let clips = [Clip(name: "a", caption: "one"), Clip(name: "bb", caption: "three"), Clip(name: "ccc", caption: "")]
    let size = MediaSize(height: 4, width: 6, frames: 5)
    #expect(try cache.media(clips, size: size).rows == 3)
    #expect(try ShardFolder(scratch.path("clips"), kind: "latents").manifest.fingerprint["size"] == "4x6x5")
    let data = try PreparedLatents(scratch.path("clips"), for: nil, on: .cpu)
    #expect(data.sampleShape == [3, 5, 4, 6] && data.count == 3)
    let (samples, condition) = try data.batch([2, 0])
    #expect(samples.shape == [2, 3, 5, 4, 6])
    #expect(condition.tensors.keys.sorted() == ["text"] && condition.promptIDs == [2, 0])
    try expectClose(condition.tensor("text"), Tensor([Float(0), 0.3], shape: [2, 1]), 1e-6)
  }

  @Test func `A model is sampled with its family's guidance, steps and frames if nothing else is said`() throws {
    let scratch = try Scratch()
    try TinyVideo.write(to: scratch.path("model"))
    let model = try ModelSource(PipelineFolder(scratch.path("model")))
    let source = try SampleSource(model, catalog: catalog())
    #expect(source.name == "teacher, 3 steps")
    let fingerprint = try source.fingerprint()
    #expect(fingerprint["guidance"] == "4.0" && fingerprint["size"] == "8x8x5" && fingerprint["steps"] == "3")
    let chosen = try SampleSource(
      model, catalog: catalog(), size: MediaSize(height: 4, width: 6), frames: 2, steps: 1, guidance: 1)
    let samples = try chosen.samples(chosen.generator(["a"], seed: 1), promptIDs: [0])
    #expect(samples.shape == [1, 3, 2, 4, 6])
  }

  @Test func `A plan of videos needs their configs alone`() throws {
    let scratch = try Scratch()
    let model = scratch.path("model")
    try TinyVideo.write(to: model)
    try FileManager.default.removeItem(atPath: "\(model)/transformer/\(ModelSource.weightsName).safetensors")
    let node = try YAMLNode.parse(
      """
      {name: video, backbone: {kind: tiny-video, model: \(model), prompts: nowhere, size: [32, 32], frames: 9},
       objective: {kind: amd, group-size: 2}, reward: {kind: intrinsic}, matching: {guidance: 2, steps: step-aware},
       student: {steps: [1, 0.5], lora: {rank: 1}}, fake-teacher: {updates: 1, lora: {rank: 1}},
       training: {steps: 3, batch: 4, micro-batches: 2}}
      """)
    let plan = try RunPlan(node, catalog: catalog())
    #expect(plan.roles.allSatisfy { 0 < $0.trained && $0.trained < $0.parameters })
    // Four channels of four samples' activations, at the very least.
    #expect(plan.peak > 2 * 4 * 9 * 32 * 32 * 4 && plan.operations > 0)
  }

  @Test func `Sampling for any purpose passes no more samples through a network at once than training does`() throws {
    let scratch = try Scratch()
    let model = scratch.path("model")
    try TinyVideo.write(to: model)
    try prepare(["a cat", "a dog!", "an owl"], with: model, into: scratch.path("prompts"))
    let real = "{kind: noise-videos, count: 12}"
    let recipe = try Recipe(
      YAMLNode.parse(
        """
        name: video
        backbone: {kind: tiny-video, model: \(model), prompts: \(scratch.path("prompts"))}
        objective: {kind: dmd}
        matching: {guidance: 2, guidance-passes: 2}
        training: {steps: 2, batch: 6, micro-batches: 3}
        monitor: {every: 1, samples: 12, teacher-steps: 2, held-out-rewards: {still: {kind: brightness}}}
        evaluation: {every: 1, samples: 12, samples-during: 7, teacher-steps: [2], features: {kind: mean-frame},
          reference: \(real), floor: \(real), reward: {kind: brightness}}
        output: {sample-every: 1}
        """), catalog: .shipped(adding: [{ $0.add(TinyVideo.self) }, TinyVideoPlugins.register]))
    let trainer = try Trainer(recipe, components: TrainingComponents(recipe))
    let backbone = try #require(trainer.components.backbone as? PretrainedBackbone)
    let network = try #require(backbone.model as? TinyVideo)
    let evaluation = try ModelEvaluation(
      recipe, #require(recipe.evaluation), backbone: backbone, teacher: trainer.components.teacher)
    let samples = RunSamples(trainer)
    let run = try TrainingRun(trainer, folder: RunFolder(scratch.path("run")), resume: false)
    _ = try run.run(.init(image: samples.student, evaluate: run.smallScores(evaluation)))
    _ = try samples.teacherAndStudent()
    _ = try run.evaluate(evaluation) { _, _, _ in }
    try ODEPairs.make(
      scratch.path("pairs.h5"), count: 5, steps: 2, batch: recipe.training.microBatchSize,
      guidance: recipe.matching.guidance,
      seed: 0, backbone: backbone, teacher: trainer.components.teacher
    ) { _ in }
    let source = try SampleSource(
      studentOf: FinishedRun(
        scratch.path("run"), catalog: .shipped(adding: [{ $0.add(TinyVideo.self) }, TinyVideoPlugins.register])))
    let drawn = try source.samples(source.generator([], seed: 1), promptIDs: [0, 1, 2])
    _ = try SampleGrid(source.backbone, batch: source.batch).image([("student", drawn)], promptIDs: [0, 1, 2])
    let other = try #require((source.backbone as? PretrainedBackbone)?.model as? TinyVideo)
    for batches in [network.batches, network.pixels.batches, other.batches, other.pixels.batches] {
      #expect(batches.max() == 2, "\(batches)")
    }
  }

  @Test func `A family's own settings are read from the recipe; a folder alone gets their defaults`() throws {
    let scratch = try Scratch()
    let model = scratch.path("model")
    try TinyVideo.write(to: model)
    func sigma(_ own: String) throws -> Double {
      let backbone = "{kind: tiny-video, model: \(model), prompts: \(scratch.path("prompts"))\(own)}"
      let recipe = try Recipe(
        YAMLNode.parse("{name: video, backbone: \(backbone), objective: {kind: dmd}, training: {steps: 1}}"),
        catalog: catalog())
      return try recipe.openedBackbone().teacher().schedule.sigma(0.5)
    }
    let source = try ModelSource(PipelineFolder(model))
    try prepare(["a cat"], with: model, into: scratch.path("prompts"))
    #expect(try sigma("") == RectifiedFlow(shift: 3).sigma(0.5))
    #expect(try sigma(", shift: 5") == RectifiedFlow(shift: 5).sigma(0.5))
    #expect(try catalog().model(source).schedule.sigma(0.5) == RectifiedFlow(shift: 3).sigma(0.5))
    #expect { try sigma(", shif: 5") } throws: { "\($0)".contains("Did you mean 'shift'?") }
    #expect { try sigma(", shift: 0") } throws: { "\($0)".contains("backbone.shift: 0 is out of range") }
    let entries = catalog().entries.filter { $0.name == "tiny-video" }
    #expect(entries.count == 2 && entries.allSatisfy { $0.settings.map(\.key).contains("shift") })
  }

  @Test func `Guidance's two predictions come from one batch of twice the size, or from two passes`() throws {
    let scratch = try Scratch()
    try TinyVideo.write(to: scratch.path("model"))
    let backbone = try PretrainedBackbone(
      TinyVideo.self, .init(model: scratch.path("model"), prompts: nil, size: TinyVideo.defaultSize), on: .cpu)
    let model = try #require(backbone.model as? TinyVideo)
    let teacher = try backbone.teacher()
    let condition = try backbone.condition(prompts: ["a cat", "a dog!"])
    let noisy = try Noise(seed: 2).stream("noisy", step: 0).normal(0..<2, backbone.sampleShape)
    func guided(_ passes: Guidance.Passes) throws -> (sample: Tensor, batches: [Int]) {
      model.batches = []
      let sample = try noGrad {
        try teacher.guided(
          from: noisy, at: Tensor([0.5, 0.7]), given: condition, unconditional: backbone.unconditional,
          guidance: Guidance(3, passes: passes))
      }
      return (sample, model.batches)
    }
    let (one, two) = (try guided(.one), try guided(.two))
    #expect(one.batches == [4] && two.batches == [2, 2])
    try expectClose(two.sample, one.sample, 1e-5)
    // Where no recipe says it, the family does.
    let source = try SampleSource(ModelSource(PipelineFolder(scratch.path("model"))), catalog: catalog(), steps: 2)
    _ = try source.samples(source.generator(["a", "b"], seed: 1, batch: 2), promptIDs: [0, 1])
    let sampled = try #require((source.backbone as? PretrainedBackbone)?.model as? TinyVideo)
    #expect(!sampled.batches.isEmpty && sampled.batches.allSatisfy { $0 == 2 }, "\(sampled.batches)")
  }

  @Test(arguments: [1, 2]) func `A recipe chooses guidance's passes, for training and for the monitor`(passes: Int)
    throws
  {
    let scratch = try Scratch()
    let model = scratch.path("model")
    try TinyVideo.write(to: model)
    try prepare(["a cat", "the end of the road"], with: model, into: scratch.path("prompts"))
    let node = try YAMLNode.parse(
      """
      name: video
      backbone: {kind: tiny-video, model: \(model), prompts: \(scratch.path("prompts")), size: [8, 8], frames: 5}
      objective: {kind: dmd}
      matching: {guidance: 2, guidance-passes: \(passes)}
      student: {steps: [1, 0.5]}
      training: {steps: 1, batch: 8, micro-batches: 2}
      monitor: {samples: 4, teacher-steps: 2}
      """)
    let recipe = try Recipe(node, catalog: catalog())
    let trainer = try Trainer(recipe, components: TrainingComponents(recipe))
    _ = try TrainingRun(trainer, folder: RunFolder(scratch.path("run")), resume: false).run()
    let backbone = try #require(trainer.components.backbone as? PretrainedBackbone)
    let batches = try #require(backbone.model as? TinyVideo).batches
    // Parts of four samples each.
    #expect(batches.count > 10 && batches.max() == (passes == 1 ? 8 : 4), "\(batches)")
  }
}
