import Foundation
import Tensors

/// Low-rank adaptation (Hu et al., arXiv 2106.09685): W + (alpha / rank) · up · down, with W frozen.
public enum LoRA {
  public final class Adapter {
    public let down: Parameter
    public let up: Parameter
    /// alpha / rank
    public let scale: Double

    init(down: Parameter, up: Parameter, scale: Double) {
      self.down = down
      self.up = up
      self.scale = scale
    }
  }

  /// Freezes the network, except for added parameters, and adds an adapter to every linear and convolution weight whose layer
  /// matches a pattern.
  ///
  /// The adapters' names are PEFT's: LAYER.lora_A.weight [rank, in, ...] and LAYER.lora_B.weight [out, rank, ...]. `up`
  /// starts at zero, so nothing changes before training. Adapters are float32 whatever the dtype of the frozen weights:
  /// in bfloat16 optimizer steps would be rounded away.
  ///
  /// - Parameter patterns: the end of a layer's path ("to_q", "attn.to_out.0"), or "*" for all.
  /// - Returns: the number of layers adapted.
  /// - Throws: `ParameterError.noLayer` for a pattern that matches nothing.
  @discardableResult
  public static func attach(
    to store: ParameterStore, patterns: [String], rank: Int, alpha: Double, seed: Int
  ) throws -> Int {
    try store.setTrainable(false)
    for parameter in store.all where parameter.isAdded { try parameter.setTrainable(true) }
    let initial = ParameterStore(.random(seed: seed), device: store.device)
    var unmatched = Set(patterns)
    var count = 0
    for parameter in store.all where parameter.takesAdapter {
      let layer = String(parameter.name.dropLast(".weight".count))
      let matching = patterns.filter { $0 == "*" || layer == $0 || layer.hasSuffix(".\($0)") }
      guard !matching.isEmpty else { continue }
      unmatched.subtract(matching)
      let shape = parameter.shape
      let scope = initial.root / layer
      let down = try scope.parameter(
        "lora_A.weight", [rank] + shape[1...], .fanIn(shape[1...].reduce(1, *)))
      let up = try scope.parameter(
        "lora_B.weight", [shape[0], rank] + Array(repeating: 1, count: shape.count - 2), .zeros)
      parameter.adapter = Adapter(down: down, up: up, scale: alpha / Double(rank))
      count += 1
    }
    if let pattern = unmatched.sorted().first { throw ParameterError.noLayer(pattern) }
    store.adopt(initial.all)
    return count
  }

  /// A network's parameters with its adapters merged into their weights, which are then float32, for programs without
  /// LoRA.
  public static func merged(_ store: ParameterStore) throws -> [(String, Tensor)] {
    try withoutAdapters(store).map { ($0.name, try merged($0)) }
  }

  /// The parameters that `merged` returns, unmerged.
  public static func withoutAdapters(_ store: ParameterStore) -> [Parameter] {
    let adapters = Set(store.all.compactMap(\.adapter).flatMap { [$0.down.name, $0.up.name] })
    return store.all.filter { !adapters.contains($0.name) }
  }

  /// A parameter's value, with its adapter merged into it if it has one.
  public static func merged(_ parameter: Parameter) throws -> Tensor {
    let value = try parameter.whole()
    guard let adapter = parameter.adapter else { return value }
    let (down, up) = (try adapter.down.value.detached(), try adapter.up.value.detached())
    return try merged(value, down: down, up: up, scale: adapter.scale)
  }

  /// weight + scale · up · down, in float32.
  ///
  /// - Parameters:
  ///   - down: [rank, in, ...]
  ///   - up: [out, rank, ...]
  public static func merged(_ weight: Tensor, down: Tensor, up: Tensor, scale: Double) throws -> Tensor {
    let rank = down.shape[0]
    let update = try matmul(up.reshaped([-1, rank]), down.reshaped([rank, -1]))
    return try weight.to(.float32) + scale * update.reshaped(weight.shape)
  }
}
