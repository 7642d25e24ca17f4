import Tensors

/// Parameters that every rank holds whole, and of which each updates its own rows, so that each holds only their moments (ZeRO-1,
/// Rajbhandari et al., arXiv 1910.02054).
public final class DividedParameters {
  private let mesh: DeviceMesh
  private let wholes: [Parameter]
  /// Views of this rank's rows.
  private let views: [String: Parameter]

  public init(_ parameters: [Parameter], over mesh: DeviceMesh) throws {
    self.mesh = mesh
    wholes = parameters
    let sharding = Sharding(over: mesh)
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

  /// Starts to add up all ranks' gradients, of which each gets its rows.
  ///
  /// - Returns: as `GradientReducer` waits for its buckets.
  func startSum(_ gradients: [(Parameter, Tensor)]) throws -> () throws -> () throws -> Void {
    let layout = layout(gradients.map(\.0))
    let dtype = Bucket(gradients.map(\.1)).dtype
    let pending = try mesh.startScatteredSum(
      layout.divided(gradients.map { try $0.1.to(dtype) }, like: gradients[0].1))
    let views = gradients.map { rows(of: $0.0) }
    func take(_ sum: Tensor) throws {
      for (view, rows) in zip(views, try layout.rows(sum, views.map { $0.shard! })) {
        let gradient = try rows.reshaped(view.value.shape).to(view.value.dtype)
        // Stored as the weights are: optimizers go by memory.
        try view.value.setGradient(gradient.rank == 4 ? gradient.channelsLast() : gradient)
      }
    }
    return {
      let sum = try pending.startColumn()
      return { try take(sum.wait()) }
    }
  }

  /// A scalar is one row.
  private func layout(_ parameters: some Sequence<Parameter>) -> RowLayout {
    RowLayout(parameters.map { $0.shape.isEmpty ? [1] : $0.shape }, over: mesh.shard.count)
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
        let layout = layout(members)
        let packed = try layout.packed(members.map { try rows(of: $0).value.detached() })
        let gathered = try layout.whole(mesh.shard.startGather(packed).wait())
        for (whole, values) in zip(members, gathered) {
          try whole.value.copy(from: values.reshaped(whole.shape))
        }
      }
    }
  }
}
