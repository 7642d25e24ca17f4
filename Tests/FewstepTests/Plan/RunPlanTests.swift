import Files
import Networks
import Tensors
import TestSupport
import Testing

@testable import Fewstep
@testable import PixelUNet

@Suite struct RunPlanTests {
  /// What a step really takes: the most bytes of tensors, the bytes between steps, the operations.
  private func measured(_ node: YAMLNode, _ catalog: Catalog) throws -> (peak: Int, resident: Int, operations: Double) {
    try Measured.during {
      let before = Measured.bytes(on: .cpu).current
      let recipe = try Recipe(node, catalog: catalog)
      let trainer = try Trainer(recipe, components: TrainingComponents(recipe))
      let profile = Profile(on: .cpu)
      _ = try Span.heard(by: profile) { try trainer.step() }
      return (
        (profile.parts.first?.peakBytes ?? 0) - before, Measured.bytes(on: .cpu).current - before,
        profile.parts.reduce(0) { $0 + $1.ownOperations }
      )
    }
  }

  private func expectClose(_ planned: Double, _ measured: Double, _ what: String) {
    #expect(abs(planned / measured - 1) < 0.05, "\(what): planned \(planned), measured \(measured)")
  }

  @Test(arguments: ["dmd", "sid", "amd, group-size: 4"], [1, 2])
  func `A plan's bytes and operations are those of a real step`(objective: String, microBatches: Int) throws {
    let scratch = try Scratch()
    let architecture = Architecture(
      image: [1, 16, 16], classes: 3, patch: 1, channels: 32, multipliers: [1, 2], heads: 2, groups: 4)
    let store = ParameterStore(.random(seed: 4))
    _ = try PixelDenoiser(architecture, store)
    try Safetensors.write(store.state, metadata: architecture.metadata, to: scratch.path("teacher.safetensors"))
    // Each step of this student takes as many passes as any other, so nothing depends on the draw.
    let node = try YAMLNode.parse(
      """
      name: plan
      backbone: {kind: pixel-unet, teacher: \(scratch.path("teacher.safetensors"))}
      objective: {kind: \(objective)}
      reward: {kind: intrinsic}
      matching: {guidance: 2, steps: last}
      student: {steps: [1, 0.5], ema: {decay: 0.9}}
      fake-teacher: {updates: 2}
      training: {steps: 10, batch: \(8 * microBatches), micro-batches: \(microBatches)}
      """)
    let plan = try RunPlan(node, catalog: smallCatalog())
    let real = try measured(node, smallCatalog())
    expectClose(Double(plan.peak), Double(real.peak), "peak")
    expectClose(Double(plan.resident), Double(real.resident), "resident")
    expectClose(plan.operations, real.operations, "operations")
    #expect(plan.roles.map(\.name) == ["student", "fake teacher"] && plan.samples == 8 * microBatches)
    #expect(plan.roles[0].weights == 4 * store.count && plan.roles[0].moments == 8 * store.count)
    #expect(plan.roles[0].average == 4 * store.count && plan.checkpoint == (4 + 8 + 4 + 4 + 8) * store.count)
  }

  @Test func `The student's passes count as often as they are made on average`() throws {
    let settings = [
      "objective": "{kind: dmd}", "reward": "null", "student.steps": "[1, 0.75, 0.5, 0.25]", "training.batch": "64",
    ]
    func operations(_ steps: String) throws -> Double {
      let recipe = try shortRecipe(settings.merging(["matching.steps": steps]) { $1 }, objective: "dmd")
      return try RunPlan(YAMLNode.parse(recipe.resolved.text()), catalog: smallCatalog()).parts
        .filter { $0.path.last == "student" }.reduce(0) { $0 + $1.operations }
    }
    let (all, last) = (try operations("all"), try operations("last"))
    #expect(abs(all / last - 2.5 / 4) < 1e-9)
  }

  @Test(arguments: [("dmd", 18), ("sid", 16), ("amd", 27)])
  func `How often a step waits for the device is known`(
    objective: String, reads: Int
  ) throws {
    let recipe = try shortRecipe(
      ["training.batch": "64", "output.samples": "0", "monitor.every": "0"], objective: objective)
    let plan = try RunPlan(YAMLNode.parse(recipe.resolved.text()), catalog: smallCatalog())
    #expect(plan.reads == reads)
  }

  @Test func `A device that is not known is refused with those that are`() {
    #expect { try Accelerator(named: "h1000") } throws: { "\($0)".contains("rtx4090, l40s, a100-40gb, a100, h100") }
    #expect(throws: Never.self) { try Accelerator(named: "H100") }
  }

  @Test func `A plan for a GPU refuses what would mix it with the host's memory`() throws {
    let (there, here) = (try Tensor.zeros([2, 2], on: .meta), try Tensor.zeros([2, 2]))
    let rows = try Tensor([0, 1])
    try FakeTensorMode.run(for: .cuda(0)) {
      #expect { try matmul(there, here) } throws: { "\($0)".contains("one tensor would be on cuda:0") }
      #expect(throws: TensorError.self) { try there.selected(rows) }
      #expect(throws: TensorError.self) { try Foreach.lerp([there], toward: [here], 0.5) }
      // As on a GPU.
      #expect(try (there * Tensor.full([], 2)).device == .meta)
      try there.copy(from: here)
    }
    try FakeTensorMode.run(for: .cpu) { _ = try matmul(there, here) }
  }

  @Test func `Outside a plan, a value of a meta tensor cannot be read`() throws {
    let shape = try Tensor.zeros([2], on: .meta)
    #expect(throws: TensorError.self) { try shape.doubles() }
    #expect(throws: TensorError.self) { try sum(shape).item() }
    let (all, one) = try FakeTensorMode.run(for: .cpu) { (try shape.doubles(), try sum(shape).item()) }
    #expect(all == [1, 1] && one == 1)
  }
}
