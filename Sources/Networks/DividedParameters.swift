import Tensors

/// Parameters that every rank holds whole, and of which each updates its own rows, so that each holds only their moments (ZeRO-1,
/// Rajbhandari et al., arXiv 1910.02054).
public final class DividedParameters {
  private let collective: any Collective
  private let wholes: [Parameter]
  /// Views of this rank's rows.
  private let views: [String: Parameter]

  public init(_ parameters: [Parameter], over collective: any Collective) throws {
    self.collective = collective
    wholes = parameters
    let sharding = Sharding(over: collective)
    views = try Dictionary(
      uniqueKeysWithValues: parameters.map { parameter in
        let rows = try sharding.shard(of: parameter.shape).rows(of: parameter.value.detached())
        return (
          parameter.name, Parameter(name: parameter.name, value: rows, shape: parameter.shape, sharding: sharding)
        )
      })
  }

  /// This rank's rows of one of them, in the same memory.
  public func rows(of parameter: Parameter) -> Parameter { views[parameter.name]! }

  /// Passes the gradients of this rank's rows on to them.
  public func divideGradients() throws {
    for whole in wholes {
      let view = rows(of: whole)
      try view.value.setGradient(whole.value.gradient.map { try view.shard!.rows(of: $0) })
      try whole.value.setGradient(nil)
    }
  }

  /// Copies the rows that the ranks have updated into the whole parameters of all.
  public func gather() throws {
    try noGrad {
      // As for gradients: many small tensors travel together, and large ones apart.
      let buckets = Bucket.divided(try wholes.map { try $0.value.detached() })
      var first = 0
      for bucket in buckets {
        let members = wholes[first..<first + bucket.tensors.count]
        first += bucket.tensors.count
        let layout = RowLayout(members.map { $0.shape.isEmpty ? [1] : $0.shape }, over: collective.count)
        let packed = try layout.packed(members.map { try rows(of: $0).value.detached() })
        let gathered = try layout.whole(collective.startGather(packed).wait())
        for (whole, values) in zip(members, gathered) {
          try whole.value.copy(from: values.reshaped(whole.shape))
        }
      }
    }
  }
}
