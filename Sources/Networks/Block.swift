import Tensors

/// A part of a network that runs as a whole, such as a transformer's layer. Its activations may be computed again in the backward
/// pass, and its parameters may be sharded: then the whole ones exist only while it runs.
public final class Block {
  /// Where its layers make their parameters.
  public private(set) var scope: Scope
  private let index: Int
  private unowned let store: ParameterStore
  private var parameters = [Parameter]()
  /// The numbers of the requests to the other ranks to join in gathering all parameters or one, if it is sharded.
  private var requests: (all: Int, one: Int)?

  init(_ scope: Scope, in store: ParameterStore, index: Int) {
    (self.scope, self.store, self.index) = (scope, store, index)
    self.scope.block = self
  }

  func add(_ parameter: Parameter) {
    guard parameter.sharding != nil else { return }
    parameters.append(parameter)
    parameter.block = self
    guard requests == nil else { return }
    let registry = mesh.all.requests
    requests = (
      registry.register { [unowned self] (code: Int) in
        _ = try noGrad { try gather(roundingTo: DType(rawValue: Int32(code - 1))).wait() }
      },
      registry.register { [unowned self] (index: Int) in _ = try noGrad { try gathered([index]) } }
    )
  }

  /// Runs `body`, which uses the parameters of this block.
  ///
  /// - Parameter recomputing: run it again in the backward pass instead of keeping its activations (gradient checkpointing, Chen
  ///   et al., arXiv 1604.06174). A sharded block always does: kept activations would keep the whole parameters.
  public func callAsFunction(
    _ inputs: [Tensor], recomputing: Bool, _ body: @escaping ([Tensor]) throws -> Tensor
  ) throws -> Tensor {
    guard !parameters.isEmpty else { return try recomputing && isGradEnabled ? checkpoint(inputs, body) : body(inputs) }
    // Parameters that are frozen for this pass may not be any more when it runs again.
    let trains = parameters.map(\.isTrainable)
    let run = { [self] (inputs: [Tensor]) in try withWholeParameters(trains) { try body(inputs) } }
    return try isGradEnabled ? checkpoint(inputs, run) : run(inputs)
  }

  private func withWholeParameters<R>(_ trains: [Bool], _ body: () throws -> R) throws -> R {
    let shards = parameters.map(\.value)
    let own = try zip(shards, trains).map { $1 ? $0 : try $0.detached() }
    // The mode tells a backward pass from others; a function of its own runs without it.
    let isBackward = isGradEnabled
    let whole =
      if isBackward, own.contains(where: \.requiresGrad) {
        try differentiable(
          own, forward: { _ in try self.gathered(isBackward: true) }, backward: { try self.scattered($0) })
      } else {
        try noGrad { try gathered(isBackward: isBackward) }
      }
    for (parameter, value) in zip(parameters, whole) { parameter.value = value }
    defer { for (parameter, shard) in zip(parameters, shards) { parameter.value = shard } }
    return try body()
  }

  /// One parameter.
  func whole(_ parameter: Parameter) throws -> Tensor {
    let index = parameters.firstIndex { $0 === parameter }!
    let collective = mesh.all
    guard collective.requests.isAlone else { return try noGrad { try gathered([index])[0] } }
    return try answered {
      try collective.request(requests!.one, index)
      return try noGrad { try gathered([index])[0] }
    }
  }

  // MARK: Gathering

  private func gathered(_ group: [Int]) throws -> [Tensor] {
    let rows = try layout(group).packed(group.map { try parameters[$0].value.detached() }).to(store.device)
    return try layout(group).whole(mesh.shard.startGather(rows).wait())
  }

  /// Parameters that travel as one: of one dtype, and all factors of products or none.
  private struct Group {
    let indices: [Int]
    let layout: RowLayout
    let areFactors: Bool
  }

  private lazy var groups = Dictionary(grouping: parameters.indices) { index in
    [Int(parameters[index].value.dtype.rawValue), parameters[index].takesAdapter ? 1 : 0]
  }
  .sorted { $0.key.lexicographicallyPrecedes($1.key) }
  .map { Group(indices: $1, layout: layout($1), areFactors: $0[1] == 1) }

  private var mesh: DeviceMesh { parameters[0].sharding!.mesh }

  private func layout(_ group: [Int]) -> RowLayout {
    RowLayout(group.map { parameters[$0].shape }, over: mesh.shard.count)
  }

  /// Starts to gather the whole parameters.
  ///
  /// - Parameter rounded: what autocast would round the factors of products to. Their rows travel rounded, which takes half the
  ///   time and memory.
  private func gather(roundingTo rounded: DType?) throws -> PendingParameters {
    let started = try groups.map { group in
      let rows = try group.layout.packed(group.indices.map { try parameters[$0].value.detached() })
      let sent = try group.areFactors ? rounded.map { try rows.to($0) } ?? rows : rows
      return (group, try mesh.shard.startGather(sent.to(store.device)))
    }
    return PendingParameters { [self] in
      var whole = [Tensor?](repeating: nil, count: parameters.count)
      for (group, pending) in started {
        for (index, tensor) in zip(group.indices, try group.layout.whole(pending.wait())) {
          whole[index] = tensor.shape.count == 4 ? try tensor.channelsLast() : tensor
        }
      }
      return whole.map { $0! }
    }
  }

  private func gathered(isBackward: Bool) throws -> [Tensor] {
    let ready = store.prefetched
    store.prefetched = nil
    let collective = mesh.all
    let rounded = autocastDType(on: store.device)
    if collective.requests.isAlone {
      return try answered {
        // The others answer outside of this pass, and its autocast.
        try collective.request(requests!.all, rounded.map { Int($0.rawValue) + 1 } ?? 0)
        return try gather(roundingTo: rounded).wait()
      }
    }
    // A pass begins at the first block: what was fetched for it in advance would be from before an update.
    let isNext = ready?.block === self && (isBackward || index > 0)
    // Also waited for if it is of no use: c10d keeps what nobody waits for.
    let fetched = try ready?.pending.wait()
    let whole = try isNext ? fetched! : gather(roundingTo: rounded).wait()
    try prefetch(isBackward ? index - 1 : index + 1)
    return whole
  }

  /// Runs what the other ranks answer, to its end: they would wait for ever for a first rank that was interrupted, or had too
  /// little memory, in the middle.
  private func answered<R>(_ body: () throws -> R) throws -> R {
    do { return try uninterrupted(body) } catch let error as TensorError {
      throw Failure(.software, at: "the weights of \(scope.path)", "they cannot be gathered: \(error)")
    }
  }

  /// Starts to gather what runs next, while this block runs.
  private func prefetch(_ next: Int) throws {
    guard store.blocks.indices.contains(next), !store.blocks[next].parameters.isEmpty else { return }
    store.prefetched = (store.blocks[next], try store.blocks[next].gather(roundingTo: autocastDType(on: store.device)))
  }

  /// Adds up the ranks' gradients of the whole parameters; nil for those that need none.
  private func scattered(_ gradients: [Tensor?]) throws -> [Tensor?] {
    var own = [Tensor?](repeating: nil, count: parameters.count)
    for group in groups {
      let example = parameters[group.indices[0]].value
      let wholes = try group.indices.map { try gradients[$0]?.to(example.dtype) }
      let sum = try mesh.startScatteredSum(group.layout.divided(wholes, like: example)).wait()
      let rows = try group.layout.rows(sum, group.indices.map { parameters[$0].shard! })
      for (index, rows) in zip(group.indices, rows) { own[index] = try rows.cloned() }
    }
    return own
  }
}

/// Whole parameters that are still on their way.
struct PendingParameters {
  let wait: () throws -> [Tensor]
}
