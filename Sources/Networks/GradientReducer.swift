import Tensors

/// Sums gradients over ranks in buckets while the backward pass still runs, as PyTorch's DistributedDataParallel does (Li et al.,
/// arXiv 2006.15704).
public final class GradientReducer {
  private let collective: any Collective
  private let parameters: [Parameter]
  /// Nil if each rank needs whole sums, and not its rows alone.
  private let divided: DividedParameters?
  private var hooks = [GradientHook]()
  /// The parameters' indices by bucket, in the order in which gradients arrive: the last layers' first.
  private var buckets = [[Int]]()
  /// Whether the backward pass that runs is the update's last.
  private var isExpecting = false
  /// How often the pass has added to each gradient, and how often the last update's did: with gradient checkpointing a block
  /// that is used twice adds twice.
  private var added: [Int]
  private var expected: [Int]
  /// For each bucket that has left, a function that waits for the sum over one copy's ranks and starts that over copies. What it
  /// returns waits for this one: those of all buckets are under way at once.
  private var started = [() throws -> () throws -> Void]()
  /// Thrown in the middle of a backward pass, where nothing can catch it.
  private var failure: (any Error)?

  public init(
    _ parameters: [Parameter], over collective: any Collective, dividedInto divided: DividedParameters? = nil
  ) throws {
    (self.parameters, self.collective, self.divided) = (parameters, collective, divided)
    added = parameters.map { _ in 0 }
    expected = parameters.map { _ in .max }
    var next = parameters.count
    for bucket in Bucket.divided(parameters.reversed().map(\.value)) {
      buckets.append(
        bucket.tensors.map { _ in
          next -= 1
          return next
        })
    }
    hooks = try parameters.enumerated().map { index, parameter in
      try GradientHook(parameter.value) { [unowned self] in arrived(index) }
    }
  }

  /// Runs the update's last backward pass, in which buckets travel as soon as they are full. Nothing else may travel meanwhile:
  /// ranks whose gradients arrive in different orders would not agree on the order of their calls.
  public func during(lastBackward: () throws -> Void) throws {
    isExpecting = true
    defer { isExpecting = false }
    try lastBackward()
    if let failure { throw failure }
    try startRest()
    expected = added
  }

  private func startRest() throws {
    try noGrad { while started.count < buckets.count { try start(buckets[started.count]) } }
  }

  /// Waits until all gradients are sums over the ranks; of divided parameters, those of this rank's rows. A parameter that this
  /// rank has not used counts as zeros.
  public func finish() throws {
    try startRest()
    try noGrad {
      // A pass that adds more often than the last one does so after the gradients have left.
      let late = try collective.sum(parameters.map { $0.value.gradient == nil ? 0 : 1 })
      let rest = try parameters.indices.filter { late[$0] > 0 }.map { ($0, try gradient(of: parameters[$0])) }
      try collective.sum(rest.map(\.1))
      for finish in try started.map({ try $0() }) { try finish() }
      for (index, more) in rest { try add(more, to: parameters[index]) }
    }
    started = []
    added = parameters.map { _ in 0 }
  }

  /// Forgets what an unfinished update has begun; all ranks do.
  public func drop() throws {
    for finish in started.map({ try? $0() }) { try? finish?() }
    (started, failure) = ([], nil)
    added = parameters.map { _ in 0 }
  }

  private func arrived(_ index: Int) {
    guard isExpecting, failure == nil else { return }
    added[index] += 1
    do {
      // In the same order on all ranks, whatever order gradients arrive in.
      while started.count < buckets.count, buckets[started.count].allSatisfy({ added[$0] >= expected[$0] }) {
        try noGrad { try start(buckets[started.count]) }
      }
    } catch { failure = error }
  }

  /// The gradients leave their tensors for the bucket; memory for both is not needed.
  private func start(_ indices: [Int]) throws {
    let members = indices.map { parameters[$0] }
    let gradients = try members.map { try gradient(of: $0) }
    defer { for member in members { try? member.value.setGradient(nil) } }
    if let divided { return started.append(try divided.startSum(Array(zip(members, gradients)))) }
    let sum = try collective.startSum(Bucket(gradients).flat())
    func take(_ sum: Tensor) throws {
      for (member, view) in zip(members, try Bucket(members.map(\.value)).views(sum)) {
        try member.value.setGradient(view)
      }
    }
    started.append { { try take(sum.wait()) } }
  }

  private func add(_ more: Tensor, to parameter: Parameter) throws {
    guard let view = divided?.rows(of: parameter) else { return try Foreach.add([parameter.value.gradient!], [more]) }
    try parameter.value.setGradient(nil)
    try Foreach.add([view.value.gradient!], [view.shard!.rows(of: more)])
  }

  private func gradient(of parameter: Parameter) throws -> Tensor {
    try parameter.value.gradient ?? parameter.value.detached().zerosLike()
  }
}
