import Files
import Foundation
import Tensors

/// Runs of one recipe that differ in some values, expanded from its `sweep` section.
///
///     sweep:
///       seeds: [0, 1, 2]
///       grid: {student.learning-rate: [1e-4, 1e-3], matching.guidance: [1, 1.5]}    # every combination
///       list: [{name: plain, objective: {kind: dmd}}, {name: ours}]             # one after the other
///       random: {draws: 8, seed: 0, values: {fake-teacher.learning-rate: {log: [1e-5, 1e-3]}}}
///
/// Variants of `grid`, `list` and `random` are combined with each other, and each of them with every seed. Noise is a
/// function of the seed, so runs with the same seed share theirs: comparisons are paired.
public struct Sweep {
  /// One run.
  public struct Trial {
    /// The variant's name: "sensitivity=0.3", or its name in the list.
    public let variant: String
    /// The recipe as a file would contain it.
    public let node: YAMLNode
    public let recipe: Recipe

    /// The path of its folder relative to the sweep's folder.
    public var path: String { "\(variant)/seed-\(recipe.seed)" }
  }

  public let name: String
  /// Variant by variant, seed by seed.
  public let trials: [Trial]

  /// - Throws: `RecipeError` with all mistakes of the section and of every run's recipe, each with its place.
  public init(_ node: YAMLNode, catalog: Catalog) throws {
    guard let block = node["sweep"], case .mapping(let entries) = node.content else {
      throw RecipeError([
        RecipeProblem(
          position: node.position,
          message:
            "there is no `sweep` section, such as `sweep: {seeds: [0, 1], grid: {objective.sensitivity: [0, 0.3]}}`")
      ])
    }
    let plain = YAMLNode(.mapping(entries.filter { $0.name != "sweep" }), at: node.position)
    let (seeds, variants) = try SweepSection(block, seed: plain["seed"]).unfolded()
    var trials = [Trial]()
    var problems = [RecipeProblem]()
    for variant in variants {
      for seed in seeds {
        do {
          var node = plain
          for change in variant.values + [YAMLNode.Entry(key: .string("seed"), value: seed)] {
            let keys = change.name.split(separator: ".").map(String.init)
            try Recipe.set(change.value, at: keys[...], in: &node, change.key.position)
          }
          trials.append(
            Trial(
              variant: variant.name.isEmpty ? "plain" : variant.name, node: node,
              recipe: try Recipe(node, catalog: catalog)))
        } catch let error as RecipeError {
          // Runs share most of their recipe, and so most of its mistakes.
          problems += error.problems.filter { !problems.contains($0) }
        }
      }
    }
    guard problems.isEmpty else { throw RecipeError(problems) }
    let paths = trials.map(\.path)
    if let twice = paths.first(where: { path in paths.count { $0 == path } > 1 }) {
      throw RecipeError([
        RecipeProblem(
          position: block.position,
          message: "sweep: two runs are '\(twice)'; each needs values, a seed or a `name` of its own")
      ])
    }
    name = trials[0].recipe.name
    self.trials = trials
  }
}
