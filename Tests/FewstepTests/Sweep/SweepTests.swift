import Files
import TestSupport
import Testing

@testable import Fewstep

@Suite struct SweepTests {
  private func sweep(_ block: String) throws -> Sweep {
    let text = """
      name: small
      seed: 5
      backbone: {kind: gaussian-mixture}
      objective: {kind: amd, group-size: 8}
      reward: {kind: density}
      student: {learning-rate: 1e-3}
      training: {steps: 10, batch: 32}
      sweep:
      \(block.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
      """
    return try Sweep(try YAMLNode.parse(text, file: "s.yaml"), catalog: smallCatalog())
  }

  private func problems(_ block: String) -> String {
    do {
      _ = try sweep(block)
      return "none"
    } catch { return "\(error)" }
  }

  @Test func `Every combination of a grid meets every seed, variant by variant`() throws {
    let trials = try sweep(
      "seeds: [0, 1]\ngrid: {objective.sensitivity: [0, 0.3], matching.guidance: [1, 2]}"
    ).trials
    #expect(
      trials.map(\.path) == [
        "sensitivity=0,guidance=1/seed-0", "sensitivity=0,guidance=1/seed-1", "sensitivity=0,guidance=2/seed-0",
        "sensitivity=0,guidance=2/seed-1", "sensitivity=0.3,guidance=1/seed-0", "sensitivity=0.3,guidance=1/seed-1",
        "sensitivity=0.3,guidance=2/seed-0", "sensitivity=0.3,guidance=2/seed-1",
      ])
    #expect(trials.map(\.recipe.seed) == [0, 1, 0, 1, 0, 1, 0, 1])
    #expect(trials.map(\.recipe.matching.guidance.scale) == [1, 1, 2, 2, 1, 1, 2, 2])
  }

  @Test func `A list replaces single values and whole sections, under names of its own`() throws {
    let trials = try sweep(
      "list:\n  - {name: the plain one, objective: {kind: dmd}}\n  - {objective.sharpening: 0}"
    ).trials
    #expect(trials.map(\.variant) == ["the-plain-one", "sharpening=0"])
    #expect(try trials[0].node["objective"]?.mapping().map(\.name) == ["kind"])
    #expect(try trials[1].node["objective"]?.mapping().map(\.name) == ["kind", "group-size", "sharpening"])
    #expect(trials.map(\.recipe.seed) == [5, 5])
    #expect(trials.allSatisfy { $0.node["sweep"] == nil })
  }

  @Test func `Random draws lie within their bounds, differ, and are the same each time`() throws {
    let block =
      "random: {draws: 6, seed: 3, values: {student.learning-rate: {log: [1e-5, 1e-3]}, training.steps: [5, 7]}}"
    let rates = try sweep(block).trials.map(\.recipe.student.optimization.optimizer.learningRate)
    #expect(Set(rates).count == 6)
    #expect(rates.allSatisfy { 1e-5...1e-3 ~= $0 })
    #expect(rates.contains { $0 < 1e-4 })
    #expect(try sweep(block).trials.map(\.recipe.student.optimization.optimizer.learningRate) == rates)
    #expect(Set(try sweep(block).trials.map(\.recipe.training.steps)) == [5, 7])
  }

  @Test(arguments: [
    ("grid: {objective.sensitivty: [0, 1]}", "s.yaml:9:10", "Did you mean 'sensitivity'?"),
    ("grid: {objective.sensitivity: []}", "s.yaml:9:33", "the list is empty"),
    ("grid: {}", "s.yaml:9:9", "it is empty"),
    ("gird: {seed: [1]}", "s.yaml:9:3", "Did you mean 'grid'?"),
    ("grid: {objective.sensitivity: [0.3, 7]}", "s.yaml:9:39", "7"),
    ("seeds: [a]", "s.yaml:9:11", "number"),
    ("seeds: [0, 0]", "s.yaml:9:3", "two runs"),
    ("random: {draws: 0, values: {seed: [1]}}", "s.yaml:9:11", "draws"),
    ("random: {draws: 2, values: {student.learning-rate: {log: [0, 1]}}}", "s.yaml:9:60", "above 0"),
    ("list: [{name: a}, {name: a}]", "s.yaml:9:3", "two runs"),
    ("list: [{name: ..}]", "s.yaml:9:17", "names no folder"),
    ("grid: {seed: [1, 2]}", "s.yaml:9:10", "list seeds at sweep.seeds"),
    (
      "grid: {objective.sensitivity: [0.1]}\nlist: [{objective: {kind: dmd}}]", "s.yaml:10:11",
      "would change the same setting"
    ),
  ])
  func `A mistake is named with its place`(_ block: String, _ place: String, _ words: String) {
    let said = problems(block)
    #expect(said.contains(place), "\(said)")
    #expect(said.contains(words), "\(said)")
  }

  @Test func `A recipe without the section is told what one looks like`() throws {
    let node = try YAMLNode.parse("name: x", file: "s.yaml")
    #expect(throws: RecipeError.self) { try Sweep(node, catalog: smallCatalog()) }
  }
}
