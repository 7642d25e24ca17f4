import Fewstep
import Files
import Foundation
import Shipped
import Tensors
import TestSupport
import Testing

/// A plan of the tiny pipeline beside a real step of it.
@Suite struct PlanTests {
  private func node(_ scratch: Scratch, _ changes: String) throws -> YAMLNode {
    let prompts = try PipelineFixture().prepared(scratch.path("prompts"))
    let backbone =
      "{kind: sdxl, model: \(PipelineFixture.path), prompts: \(prompts), size: [32, 32], "
      + "gradient-checkpointing: \(changes.hasPrefix("checkpointed"))}"
    let lora = changes.hasSuffix("lora") ? "lora: {rank: 2, layers: [to_q, to_k]}" : "weight-decay: 0"
    return try YAMLNode.parse(
      """
      name: plan
      backbone: \(backbone)
      objective: {kind: amd, group-size: 2}
      reward: {kind: intrinsic}
      matching: {guidance: 3, steps: last}
      student: {steps: [1, 0.5], ema: {decay: 0.9}, \(lora)}
      fake-teacher: {updates: 1, \(lora)}
      training: {steps: 4, batch: 4, micro-batches: 2}
      output: {samples: 0}
      monitor: {every: 0}
      """)
  }

  @Test(arguments: ["plain", "checkpointed", "lora", "checkpointed lora"])
  func `What is planned is what a step takes, with all weights and with adapters`(_ changes: String) throws {
    let scratch = try Scratch()
    try expectPlanned(node(scratch, changes))
  }

  @Test(arguments: [
    "{}", "{student: optimizer, fake-teacher: optimizer}", "{teacher: full, student: full, fake-teacher: full}",
  ])
  func `What is planned for two processes is what one of them takes`(_ sharding: String) throws {
    let scratch = try Scratch()
    let whole = try node(scratch, "checkpointed")
    let divided = try YAMLNode.parse(whole.text() + "\nsharding: \(sharding)\n")
    try expectPlanned(divided, processes: 2)
  }

  @Test func `Copies of a divided network send their gradients alone to each other`() throws {
    let scratch = try Scratch()
    let whole = try node(scratch, "checkpointed").text().replacingOccurrences(
      of: "batch: 4\n  micro-batches: 2", with: "batch: 8\n  micro-batches: 4")
    let sharding = "{teacher: full, student: full, fake-teacher: full"
    func divided(_ more: String) throws -> YAMLNode {
      try YAMLNode.parse("\(whole)\nsharding: \(sharding)\(more)}\n")
    }
    try expectPlanned(divided(", group-size: 2"), processes: 4)
    let one = try RunPlan(divided(""), catalog: .shipped(), processes: 4)
    let two = try RunPlan(divided(", group-size: 2"), catalog: .shipped(), processes: 4)
    #expect(one.traffic.allSatisfy { $0.lastRank == 3 } && Set(two.traffic.map(\.lastRank)) == [1, 2, 3])
    // Of a ring of two the half is sent, of one of four three quarters.
    let half = try RunPlan(
      YAMLNode.parse(
        divided("").text().replacingOccurrences(of: "kind: sdxl", with: "kind: sdxl\n  precision: bfloat16")),
      catalog: .shipped(), processes: 4)
    #expect(half.traffic[0].bytes < 0.7 * one.traffic[0].bytes, "\(half.traffic)")
    let (rows, among) = (two.traffic.filter { $0.lastRank == 1 }, one.traffic[0])
    #expect(abs(rows[0].bytes / among.bytes - 2 / 3) < 0.02, "\(two.traffic) \(one.traffic)")
  }

  @Test func `A plan needs configs alone, and says which settings make a model fit`() throws {
    let scratch = try Scratch()
    for part in ["unet", "vae", "scheduler"] {
      let (config, folder) = (part == "scheduler" ? "scheduler_config.json" : "config.json", scratch.path("m/\(part)"))
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: "\(PipelineFixture.path)/\(part)/\(config)", toPath: "\(folder)/\(config)")
    }
    try FileManager.default.copyItem(
      atPath: "\(PipelineFixture.path)/model_index.json", toPath: scratch.path("m/model_index.json"))
    let text = """
      {name: p, backbone: {kind: sdxl, model: \(scratch.path("m")), prompts: nowhere, size: [32, 32]}, objective: {kind: dmd},
       data: {kind: prepared, folder: nowhere}, training: {steps: 4, batch: 8}}
      """
    try AtomicFile.write(Data(text.utf8), to: scratch.path("r.yaml"))
    let set = { (settings: [String]) in try Recipe.node(scratch.path("r.yaml"), overrides: settings) }
    let plan = try RunPlan(set([]), catalog: .shipped())
    #expect(plan.roles.allSatisfy { $0.parameters == $0.trained && $0.moments == 2 * $0.weights })
    let tried = try plan.proposals(fitting: plan.peak * 2 / 3, catalog: .shipped(), set)
    let last = try #require(tried.last)
    #expect(last.peak <= plan.peak * 2 / 3 && tried.map(\.peak) == tried.map(\.peak).sorted(by: >))
    #expect(last.settings.first == "training.micro-batches=8")
    #expect(try plan.proposals(fitting: 1, catalog: .shipped(), set).allSatisfy { $0.peak > 1 })
  }
}
