import Fewstep
import Files
import Shipped
import Tensors
import TestSupport
import Testing

/// Expects that a recipe's plan for several processes is within 5% of what a step of the first takes.
func expectPlanned(_ node: YAMLNode, processes: Int) throws {
  let plan = try RunPlan(node, catalog: .shipped(), processes: processes)
  let results = MemoryCollective.run(processes) { collective in
    let recipe = try Recipe(node, catalog: .shipped())
    let mesh = try recipe.mesh(over: collective)
    return try Measured.during {
      let before = Measured.bytes(on: .cpu).current
      let trainer = try Trainer(
        recipe, components: TrainingComponents(recipe, over: mesh), over: mesh)
      Measured.resetPeak(on: .cpu)
      _ = try trainer.step()
      let bytes = Measured.bytes(on: .cpu)
      return (peak: bytes.peak - before, resident: bytes.current - before)
    }
  }
  let first = try results[0].get()
  #expect(abs(Double(plan.peak) / Double(first.peak) - 1) < 0.05, "peak: planned \(plan.peak), measured \(first.peak)")
  #expect(
    abs(Double(plan.resident) / Double(first.resident) - 1) < 0.05,
    "resident: planned \(plan.resident), measured \(first.resident)")
}

/// Expects that a recipe's plan is within 5% of what one of its steps takes on the CPU.
func expectPlanned(_ node: YAMLNode) throws {
  let plan = try RunPlan(node, catalog: .shipped())
  let recipe = try Recipe(node, catalog: .shipped())
  // Nor does `check` count the base that adapters share.
  #expect(try Preflight(recipe, TrainingComponents(recipe)).disk.checkpoint == plan.checkpoint)
  let (peak, resident) = try Measured.during {
    let before = Measured.bytes(on: .cpu).current
    let trainer = try Trainer(recipe, components: TrainingComponents(recipe))
    Measured.resetPeak(on: .cpu)
    _ = try trainer.step()
    let bytes = Measured.bytes(on: .cpu)
    return (bytes.peak - before, bytes.current - before)
  }
  #expect(abs(Double(plan.peak) / Double(peak) - 1) < 0.05, "peak: planned \(plan.peak), measured \(peak)")
  #expect(
    abs(Double(plan.resident) / Double(resident) - 1) < 0.05,
    "resident: planned \(plan.resident), measured \(resident)")
}
