import Fewstep
import Files
import Reports
import Shipped
import Tensors
import TestSupport
import Testing

@Suite struct VideoFamilyTests {
  private func catalog() -> Catalog { .shipped(adding: [{ $0.add(TinyVideo.self) }]) }

  @Test func `A family of videos trains, shows film strips, reports and exports without a change of the core`() throws {
    let scratch = try Scratch()
    let model = scratch.path("model")
    try TinyVideo.write(to: model)
    let source = try ModelSource(PipelineFolder(model))
    _ = try LatentCache(
      catalog().model(source), into: scratch.path("prompts"), shardRows: 10, batch: 10, dtype: .float32
    ).prompts(["a cat", "the end of the road"])
    let node = try YAMLNode.parse(
      """
      name: video
      backbone: {kind: tiny-video, model: \(model), prompts: \(scratch.path("prompts")), size: [8, 8], frames: 5}
      objective: {kind: amd, group-size: 2}
      reward: {kind: intrinsic}
      matching: {guidance: 2}
      student: {steps: [1, 0.5], lora: {rank: 1}}
      fake-teacher: {updates: 1, lora: {rank: 1}}
      training: {steps: 3, batch: 4, micro-batches: 2}
      monitor: {samples: 4, teacher-steps: 2}
      output: {log-every: 1, diagnostics-every: 1, sample-every: 3}
      """)
    let recipe = try Recipe(node, catalog: catalog())
    let trainer = try Trainer(recipe, components: TrainingComponents(recipe))
    let backbone = trainer.components.backbone
    #expect(backbone.sampleShape == [3, 5, 8, 8])
    let grid = SampleGrid(backbone, columns: 8)
    let ids = [0, 1]
    let folder = RunFolder(scratch.path("run"))
    let run = try TrainingRun(trainer, folder: folder, resume: false)
    var observer = TrainingRun.Observer()
    observer.picture = {
      let samples = try SampleGenerator(backbone, seed: 0).fewStep(
        trainer.components.student, steps: recipe.steps, promptIDs: ids)
      return try grid.image([("student", samples)], promptIDs: ids)
    }
    guard case .finished = try run.run(observer) else {
      Issue.record("the run did not finish")
      return
    }

    // Two samples in a row, four frames each.
    let image = try #require(try observer.picture())
    #expect(image.width > 8 * 8 * 2 - 1 && image.height < image.width)
    #expect(scratch.has("run/samples/step-3.png"))
    let page = try RunReport(RunRecord(folder.path), gnuplot: Gnuplot()).html().text
    #expect(page.contains("tiny-video") && page.contains("<img"))

    let export = try Export(folder, recipe: recipe, catalog: catalog())
    try export.write("component", to: scratch.path("transformer"), dtype: .float32)
    try export.write("peft", to: scratch.path("peft.safetensors"), dtype: .float32)
    let names = try SafetensorsFile(scratch.path("peft.safetensors")).names
    #expect(names.contains("transformer.frames.lora_A.weight"))
    let weights = try SafetensorsFile(
      scratch.path("transformer/diffusion_pytorch_model.safetensors"))
    #expect(try weights.tensor("frames.weight").shape == [4, 3, 3, 1, 1])
  }
}
