import Tensors

/// Returns the norm of all gradients together, and scales them down to `limit` if it is larger.
///
/// - Parameter others: the ranks that hold the other rows of sharded parameters.
public func clipGradients(
  _ parameters: [Parameter], to limit: Double?, over others: any Collective = Single()
) throws -> Double {
  try noGrad {
    func norm(_ gradients: [Tensor]) throws -> Double {
      try gradients.isEmpty ? 0 : stacked(Foreach.norms(gradients)).norm().item()
    }
    let sharded = parameters.filter { $0.shard != nil }.compactMap(\.value.gradient)
    var total = try norm(parameters.filter { $0.shard == nil }.compactMap(\.value.gradient))
    if others.count > 1, parameters.contains(where: { $0.shard != nil }) {
      let own = try norm(sharded)
      total = try (total * total + others.sum([own * own])[0]).squareRoot()
    }
    if let limit, total > limit {
      try Foreach.multiply(parameters.compactMap(\.value.gradient), by: limit / (total + 1e-6))
    }
    return total
  }
}
