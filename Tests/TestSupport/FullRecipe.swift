import Files
import Foundation
import Testing

import Fewstep

/// Recipes that give every existing key, one recipe per objective.
package enum FullRecipe: String, CaseIterable, CustomTestStringConvertible {
  case dmd, dmd2, amd, averaged

  package var testDescription: String { rawValue }

  package var text: String {
    switch self {
    case .dmd: Self.text(objective: "  kind: dmd\n  regression-weight: 0.25", backbone: Self.ring, pairs: true)
    case .dmd2:
      Self.text(
        objective: "  kind: dmd2\n  gan:\n" + Self.gan + "\n" + Self.optimizer, backbone: Self.listed, lora: true,
        sampling: "logit-normal\n  sampling-normal: [0.5, 2]")
    case .amd:
      Self.text(
        objective: """
            kind: amd
            sensitivity: 0.25
            sharpening: 0.5
            normalise-sharpening: false
            group-size: 4
            interval: 2
            advantage-clip: 0.9
            advantage-epsilon: 1e-5
            pooled-std: 0.5
            adaptation: scalar
            noise-tilt: 0.5
            gan:

          """ + Self.gan, backbone: Self.ring, reward: true, sampling: "beta\n  sampling-beta: [2, 3]")
    case .averaged:
      Self.text(objective: "  kind: dmd\n  regression-weight: 0", backbone: Self.ring, average: "gamma: 6.94")
    }
  }

  private static let gan =
    "    student-weight: 0.003\n    discriminator-weight: 0.01\n    features: fake-teacher\n    head: pointwise"

  private static let optimizer = """
        optimizer:
    \(optimization.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n"))
    """

  private static let ring = """
      modes: 6
      radius: 2.5
      std: 0.3
      class-count: 3
      spurious-mode:
        mean: [0, 0]
        std: 0.4
        weight: 0.2
    """
  private static let listed = """
      dimension: 2
      means: [0, 1, 1, 0, -1, -1]
      stds: [0.3, 0.2, 0.1]
      weights: [1, 2, 3]
      classes: [0, 1, 0]
    """

  private static let optimization = """
      learning-rate: 0.001
      betas: [0.8, 0.95]
      weight-decay: 0.02
      epsilon: 1e-7
      warm-up: 3
      learning-rate-schedule: cosine
      learning-rate-floor: 0.1
      gradient-limit: 10
    """

  private static func role(_ extra: String, lora: Bool) -> String {
    """
    \(optimization)
    \(extra)
    """ + (lora ? "\n  lora:\n    rank: 4\n    alpha: 8\n    layers: [\"*\", output]" : "")
  }

  private static func text(
    objective: String, backbone: String, reward: Bool = false, pairs: Bool = false, lora: Bool = false,
    average: String = "decay: 0.95\n    start: 1", sampling: String = "uniform"
  ) -> String {
    """
    name: full
    seed: 3
    device: cpu
    threads: 1
    backbone:
      kind: gaussian-mixture
    \(backbone)
      schedule: flow
      shift: 2
      network:
        width: 16
        layers: 2
        embedding: 8
        warm-start: 2
    data:
      kind: mixture
      count: 300
      seed: 5
    \(reward ? "reward:\n  kind: density" : "# no reward")
    objective:
    \(objective)
    student:
      steps: [1, 0.5]
    \(role("  ema:\n    \(average)" + (reward ? "\n  reward-weight: 0.125" : ""), lora: lora))
    fake-teacher:
      updates: 2
    \(role("", lora: lora))
    matching:
      guidance: 2
      guidance-passes: 1
      scale: dmd2
      times: [0.05, 0.9]
      levels: [0.1, 0.95]
      sampling: \(sampling)
      steps: last
    training:
      steps: 6
      batch: 16
      micro-batches: 2
    \(pairs ? "  pairs: pairs.h5" : "")
    output:
      log-every: 1
      checkpoint-every: 2
      keep: 3
      sample-every: 4
      diagnostics-every: 5
      diagnostics-rows: 2000
      keep-best: energy-distance
      keep-best-patience: 5
    monitor:
      every: 3
      samples: 12
      pixel-samples: 5
      teacher-steps: 4
      ignore-first-steps: 2
      policy: save
      roll-backs: 2
      mean-shift: 0.75
      std: 3
      diversity: 0.25
      brightness: 0.2
      saturation: 3
      fake-teacher-gap: 4
      gradient-norm: 50
      goodhart-gap: 1.5
    evaluation:
      samples: 60
      batch: 30
      teacher-steps: [4, 8]
      seed: 9
      frames: 2
      every: 3
      samples-during: 20
      features:
        kind: mixture
      reference:
        kind: mixture
        count: 200
        seed: 6
      floor:
        kind: mixture
        count: 200
        seed: 7
      reward:
        kind: density
    """
  }

  package func node() throws -> YAMLNode { try YAMLNode.parse(text, file: "full.yaml") }
}

/// The path to a key in a recipe: names from the top.
package typealias KeyPath = [String]

extension YAMLNode {
  /// Every key below this mapping. A section comes before its content.
  package func keyPaths(_ prefix: KeyPath = []) -> [KeyPath] {
    guard case .mapping(let entries) = content else { return [] }
    return entries.flatMap { [prefix + [$0.name]] + $0.value.keyPaths(prefix + [$0.name]) }
  }

  package func entry(_ path: KeyPath) throws -> Entry {
    let entry = try #require(try mapping().first { $0.name == path[0] })
    return path.count == 1 ? entry : try entry.value.entry(Array(path.dropFirst()))
  }

  /// The same tree with one entry changed; nil removes it.
  package func changing(_ path: KeyPath, _ change: (Entry) -> Entry?) throws -> YAMLNode {
    var copy = self
    copy.content = .mapping(
      try mapping().compactMap { entry in
        guard entry.name == path[0] else { return entry }
        guard path.count > 1 else { return change(entry) }
        var changed = entry
        changed.value = try entry.value.changing(Array(path.dropFirst()), change)
        return changed
      })
    return copy
  }

  /// The same tree with another value at the same position.
  package func setting(_ path: KeyPath, to text: String) throws -> YAMLNode {
    var value = try YAMLNode.parse(text)
    return try changing(path) { entry in
      value.position = entry.value.position
      return Entry(key: entry.key, value: value)
    }
  }

  package var isMapping: Bool { if case .mapping = content { true } else { false } }
}

/// The mistakes in a recipe; empty if it can be read.
package func problems(_ node: YAMLNode) throws -> [RecipeProblem] {
  do {
    _ = try Recipe(node, catalog: smallCatalog())
    return []
  } catch let error as RecipeError {
    return error.problems
  }
}
