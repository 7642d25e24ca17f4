import Fewstep
import Files
import Tensors
import Testing

/// A short run with all parts: AMD with a GAN, guidance, an average, clipping.
package func shortRecipe(_ changes: [String: String] = [:], objective: String = "amd") throws -> Recipe {
  let objectives = [
    "amd": "{kind: amd, group-size: 8, gan: {student-weight: 0.1, discriminator-weight: 0.1}}", "dmd": "{kind: dmd}",
    "dmd2": "{kind: dmd2, gan: {student-weight: 0.1, discriminator-weight: 0.1}}",
    "decoupled-dmd": "{kind: decoupled-dmd}", "reward-forcing": "{kind: reward-forcing}", "sid": "{kind: sid}",
  ]
  var node = try YAMLNode.parse(
    """
    name: short
    seed: 3
    device: cpu
    backbone: {kind: gaussian-mixture, modes: 6, class-count: 3, network: {width: 16, layers: 2, embedding: 8}}
    data: {kind: mixture, count: 100}
    reward: {kind: density}
    objective: \(objectives[objective] ?? objective)
    student: {steps: [1, 0.5], learning-rate: 0.002, gradient-limit: 1, ema: {gamma: 6}}
    fake-teacher: {updates: 2, learning-rate: 0.002, warm-up: 3}
    matching: {guidance: 2}
    training: {steps: 6, batch: 64}
    output: {diagnostics-every: 1}
    monitor: {}
    evaluation: null
    """, file: "short.yaml")
  for (key, value) in changes {
    let path = key.split(separator: ".").map(String.init)
    let section = try node.entry([path[0]]).value
    if path.count > 1, try !section.mapping().contains(where: { $0.name == path[1] }) {
      node = try node.changing([path[0]]) { entry in
        var entry = entry
        entry.value = .mapping(((try? entry.value.mapping()) ?? []) + [YAMLNode.Entry(path[1], .null)])
        return entry
      }
    }
    node = try node.setting(path, to: value)
  }
  return try Recipe(node, catalog: smallCatalog())
}

extension Trainer {
  package convenience init(_ recipe: Recipe) throws { try self.init(recipe, components: TrainingComponents(recipe)) }

  /// Every tensor that training changes, by name.
  package var tensors: [(name: String, tensor: Tensor)] {
    state.flatMap { part in part.tensors.map { ("\(part.group)/\($0.name)", $0.tensor) } }
  }

  package func snapshot() throws -> [String: [UInt8]] {
    try Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, try bytes($0.tensor)) })
  }

  package func train(_ steps: Int) throws -> [StepReport] { try (0..<steps).map { _ in try step() } }
}

/// Names of the tensors that differ.
package func differences(_ a: Trainer, _ b: Trainer) throws -> [String] {
  let (x, y) = (try a.snapshot(), try b.snapshot())
  #expect(Set(x.keys) == Set(y.keys))
  return x.keys.filter { x[$0] != y[$0] }.sorted()
}
