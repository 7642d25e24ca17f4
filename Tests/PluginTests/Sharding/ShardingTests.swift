import Fewstep
import Files
import Foundation
import Networks
import Shipped
import Tensors
import TestSupport
import Testing

/// A tiny SDXL whose networks are divided among ranks, beside the same run in one process.
@Suite struct ShardingTests {
  private let scratch: Scratch
  private let prompts: String

  init() throws {
    scratch = try Scratch()
    prompts = try PipelineFixture().prepared(scratch.path("prompts"))
  }

  /// - Parameter sharding: the section's text.
  private func recipe(_ objective: String, _ sharding: String, lora: Bool = false) throws -> YAMLNode {
    let role = lora ? "lora: {rank: 2, layers: [to_q, to_k]}" : "weight-decay: 0.1"
    return try YAMLNode.parse(
      """
      name: sharded
      backbone: {kind: sdxl, model: \(PipelineFixture.path), prompts: \(prompts), size: [32, 32]}
      objective: \(objective)
      reward: {kind: intrinsic}
      matching: {guidance: 3, steps: last}
      student: {steps: [1, 0.5], ema: {decay: 0.5}, epsilon: 0.1, gradient-limit: 0.01, \(role)}
      fake-teacher: {updates: 1, epsilon: 0.1, \(role)}
      training: {steps: 4, batch: 4, micro-batches: 4}
      sharding: \(sharding)
      output: {samples: 0, checkpoint-every: 10}
      monitor: {every: 0}
      """)
  }

  /// All state after two steps, whole, as the last checkpoint has it.
  private func state(_ node: YAMLNode, _ name: String, over ranks: Int, steps: Int = 2, resume: Bool = false) throws
    -> [String: Tensor]
  {
    let folder = RunFolder(scratch.path(name))
    let results = MemoryCollective.run(ranks) { collective in
      let recipe = try Recipe(node, catalog: .shipped())
      let mesh = try recipe.mesh(over: collective)
      let trainer = try Trainer(
        recipe, components: TrainingComponents(recipe, over: mesh), over: mesh)
      _ = try TrainingRun(trainer, folder: folder, resume: resume).run(until: steps)
      return trainer.components.student.parameters.all.reduce(0) { $0 + $1.value.count }
    }
    let recipe = try Recipe(node, catalog: .shipped())
    let held = try results.map { try $0.get() }
    if ranks > 1, recipe.sharding.student == .full, recipe.student.lora == nil {
      // Each holds its part, but for what no block has.
      let whole = try TrainingComponents(recipe).student.parameters.count
      #expect(held.allSatisfy { $0 < whole * 3 / 4 }, "\(held) of \(whole)")
    }
    let file = try HDF5File.open(folder.checkpoint(steps))
    return try Dictionary(
      uniqueKeysWithValues: file.items().compactMap { item in
        guard case .dataset(_, _?) = item.kind else { return nil }
        return (item.path, try file.read(item.path))
      })
  }

  private func expectAlike(_ a: [String: Tensor], _ b: [String: Tensor], within limit: Double) throws {
    #expect(Set(a.keys) == Set(b.keys) && a.count > 100)
    for (name, tensor) in a { try expectClose(tensor, #require(b[name]), limit, name) }
  }

  @Test(arguments: [
    "{student: optimizer, fake-teacher: optimizer}", "{student: full, fake-teacher: full, teacher: full}",
    "{student: full, offload-teacher: true}",
    "{student: full, fake-teacher: optimizer, teacher: full, group-size: 2}",
  ])
  func `Divided networks learn what whole ones do`(_ sharding: String) throws {
    let objective = "{kind: amd, group-size: 2}"
    let whole = try state(recipe(objective, "{}"), "whole", over: 1)
    let divided = try state(recipe(objective, sharding), "divided", over: sharding.contains(" teacher: full") ? 4 : 2)
    try expectAlike(whole, divided, within: 1e-5)
  }

  @Test func `Adapters train on a divided teacher`() throws {
    let sharding = "{teacher: full, student: optimizer}"
    let whole = try state(recipe("{kind: dmd}", "{}", lora: true), "whole", over: 1)
    let divided = try state(recipe("{kind: dmd}", sharding, lora: true), "divided", over: 2)
    #expect(Set(whole.keys) == Set(divided.keys))
    for (name, tensor) in whole { try expectClose(tensor, #require(divided[name]), 1e-5, name) }
  }

  @Test func `Sharding that would divide nothing is refused at its key`() throws {
    func refusal(_ node: YAMLNode, _ key: String) throws -> String? {
      let recipe = try Recipe(node, catalog: .shipped())
      let failure = #expect(throws: Failure.self) { _ = try TrainingComponents(recipe) }
      #expect(failure?.place.hasSuffix("sharding.\(key)") == true, "\(String(describing: failure))")
      return failure?.problem
    }
    let adapters = try refusal(recipe("{kind: dmd}", "{student: full}", lora: true), "student")
    #expect(adapters?.contains("set sharding.teacher") == true)
    for (key, value) in [("teacher", "full"), ("offload-teacher", "true"), ("fake-teacher", "full")] {
      let node = try YAMLNode.parse(
        """
        {name: m, backbone: {kind: gaussian-mixture}, objective: {kind: dmd}, training: {steps: 1}, sharding: {\(key): \(value)}}
        """)
      #expect(try refusal(node, key)?.contains("do not run in blocks") == true)
    }
  }

  @Test func `Ranks that cannot be divided into groups are refused; few ranks are one group`() throws {
    let node = try recipe("{kind: dmd}", "{student: optimizer, group-size: 3}")
    @Sendable func copies(_ collective: MemoryCollective) throws -> Int {
      try Recipe(node, catalog: .shipped()).mesh(over: collective).replicate.count
    }
    for result in MemoryCollective.run(4, copies) {
      let failure = #expect(throws: Failure.self) { try result.get() }
      #expect(failure?.place.hasSuffix("sharding.group-size") == true, "\(String(describing: failure))")
    }
    for result in MemoryCollective.run(2, copies) { #expect(try result.get() == 1) }
  }

  @Test func `A divided run goes on to the bit, and with another number of ranks or none`() throws {
    let objective = "{kind: dmd}"
    let sharding = "{student: full, fake-teacher: full, teacher: full}"
    let expected = try state(recipe(objective, sharding), "straight", over: 2, steps: 3)
    for (name, ranks, limit) in [("again", 2, 0.0), ("four", 4, 1e-5), ("one", 1, 1e-5)] {
      _ = try state(recipe(objective, sharding), name, over: 2, steps: 2)
      let resumed = try state(recipe(objective, sharding), name, over: ranks, steps: 3, resume: true)
      try expectAlike(expected, resumed, within: limit)
    }
  }

  @Test func `A checkpoint without one of its ranks' files is refused by name`() throws {
    let folder = RunFolder(scratch.path("lost"))
    _ = try state(recipe("{kind: dmd}", "{student: full}"), "lost", over: 2)
    let folderOfRows = scratch.path("lost/checkpoints/step-2.rows")
    let names = try FileManager.default.contentsOfDirectory(atPath: folderOfRows).sorted()
    #expect(names.count == 2)
    let rows = "\(folderOfRows)/\(names[1])"
    try FileManager.default.removeItem(atPath: rows)
    let file = try HDF5File.open(folder.checkpoint(2))
    let failure = #expect(throws: Failure.self) {
      for item in try file.items(under: "student") { if case .dataset = item.kind { _ = try file.read(item.path) } }
    }
    #expect(failure?.place == rows && failure?.kind == .missing, "\(String(describing: failure))")
  }
}
