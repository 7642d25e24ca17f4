import Fewstep
import Files
import Shipped
import Tensors
import TestSupport
import Testing

/// A step as a GPU would take it, on shapes alone: an operator that mixes the GPU's tensors with the host's is found without one.
@Suite struct DeviceRehearsalTests {
  private static let families = [
    "gaussian-mixture":
      "backbone: {kind: gaussian-mixture}\ndata: {kind: mixture, count: 200}\nreward: {kind: density}",
    "pixel-unet": """
    backbone: {kind: pixel-unet, teacher: \(Repository.root)/weights/league/teacher.safetensors}
    data: {kind: idx, images: nowhere, labels: nowhere}
    reward: {kind: classifier, weights: \(Repository.root)/weights/league/reward.safetensors}
    """,
    "sdxl": """
    backbone: {kind: sdxl, model: \(PipelineFixture.path), prompts: nowhere, size: [32, 32], precision: bfloat16, gradient-checkpointing: true}
    data: {kind: prepared, folder: nowhere}
    reward: {kind: intrinsic}
    """,
    "wan": """
    backbone: {kind: wan, model: \(WanFixture.folder)/pipeline, prompts: nowhere, size: [32, 32], frames: 5, gradient-checkpointing: true}
    data: {kind: prepared, folder: nowhere}
    reward: {kind: motion}
    """,
  ]

  @Test(
    arguments: families.keys.sorted(),
    [
      "{kind: dmd}", "{kind: dmd2}", "{kind: amd, group-size: 2}", "{kind: sid}", "{kind: decoupled-dmd}",
      "{kind: reward-forcing}",
    ])
  func `No operator of a step for a GPU takes tensors in the host's memory`(_ family: String, _ objective: String)
    throws
  {
    for (steps, more) in [("last", ""), ("step-aware", ", ema: {decay: 0.9}, gradient-limit: 1")] {
      let node = try YAMLNode.parse(
        """
        name: rehearsal
        device: cuda
        \(Self.families[family]!)
        objective: \(objective)
        matching: {guidance: 2, steps: \(steps)}
        student: {steps: [1, 0.5]\(more)}
        fake-teacher: {updates: 1}
        training: {steps: 4, batch: 4, micro-batches: 2}
        """)
      let plan = try RunPlan(node, catalog: .shipped())
      #expect(plan.peak > 0)
    }
  }
}
