import CTorch
import Synchronization

extension Tensor {
  public var requiresGrad: Bool { ct_requires_grad(handle) }

  @discardableResult
  public func requiringGrad(_ value: Bool = true) throws -> Tensor {
    try check(ct_set_requires_grad(handle, value), "requiringGrad", [summary])
    return self
  }

  /// The gradient that `backward` has accumulated; nil before the first.
  public var gradient: Tensor? {
    var out: ct_tensor_t?
    guard ct_gradient(handle, &out) == 0 else { return nil }
    return out.map(Tensor.init(owning:))
  }

  public func setGradient(_ gradient: Tensor?) throws {
    try check(ct_set_gradient(handle, gradient?.handle), "setGradient", [summary])
  }

  /// Accumulates this scalar's gradients in the leaves that it depends on.
  ///
  /// - Parameter createGraph: records the graph of the gradients, for higher derivatives.
  public func backward(seed: Tensor? = nil, keepGraph: Bool = false, createGraph: Bool = false) throws {
    let status = withExtendedLifetime(seed) { ct_backward(handle, seed?.handle, keepGraph, createGraph) }
    try CheckpointBody.rethrow(status)
    try check(status, "backward", [summary])
  }

  /// The gradients of this tensor (a scalar, or contracted with `seed`) for `inputs`; nil for an unused input.
  public func grad(
    _ inputs: [Tensor], seed: Tensor? = nil, keepGraph: Bool = false, createGraph: Bool = false
  ) throws -> [Tensor?] {
    var out = [ct_tensor_t?](repeating: nil, count: inputs.count)
    let status = withExtendedLifetime((inputs, seed)) {
      ct_grad(handle, seed?.handle, inputs.map(\.handle), inputs.count, keepGraph, createGraph, &out)
    }
    try CheckpointBody.rethrow(status)
    try check(status, "grad", [summary])
    return out.map { $0.map(Tensor.init(owning:)) }
  }
}

/// Calls `body` each time that a backward pass has added to a leaf's gradient, for as long as this object lives.
public final class GradientHook {
  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  private let handle: ct_hook_t
  private let body: Body

  /// - Parameter body: runs on the thread of the backward pass.
  /// - Throws: `TensorError` if the tensor is no leaf that needs a gradient.
  public init(_ leaf: Tensor, _ body: @escaping () -> Void) throws {
    self.body = Body(body)
    var out: ct_hook_t?
    let context = Unmanaged.passUnretained(self.body).toOpaque()
    let status = ct_after_accumulation(
      leaf.handle, context, { Unmanaged<Body>.fromOpaque($0).takeUnretainedValue().run() }, &out)
    try check(status, "GradientHook", [leaf.summary])
    handle = out!
  }

  deinit { ct_hook_remove(handle) }
}

/// Runs `body` without recording a graph. Synchronous only: the mode is per thread.
public func noGrad<R>(_ body: () throws -> R) rethrows -> R {
  let before = ct_grad_mode()
  ct_set_grad_mode(false)
  defer { ct_set_grad_mode(before) }
  return try body()
}

public var isGradEnabled: Bool { ct_grad_mode() }

/// Runs `body` without keeping its activations, and runs it again in the backward pass (gradient checkpointing).
///
/// `body` must compute the same both times. Parameters that it captures get their gradients from `backward`; `grad`
/// reaches only `inputs`. Second derivatives are not supported.
public func checkpoint(_ inputs: [Tensor], _ body: @escaping ([Tensor]) throws -> Tensor) throws -> Tensor {
  let context = Unmanaged.passRetained(CheckpointBody(FakeTensorMode.keeping(body)))
  let closure = ct_closure(
    context: context.toOpaque(),
    call: { context, handles, count, out in
      // Both sides own arguments and results.
      let inputs = (0..<count).map { Tensor(owning: handles[$0]) }
      let body = Unmanaged<CheckpointBody>.fromOpaque(context).takeUnretainedValue()
      do {
        let result = try body.run(inputs)
        out.pointee = withExtendedLifetime(result) { ct_retain(result.handle) }
        return 0
      } catch {
        return CheckpointBody.keep(error)
      }
    },
    release: { Unmanaged<CheckpointBody>.fromOpaque($0).release() })
  var out: ct_tensor_t?
  let status = withExtendedLifetime(inputs) { ct_checkpoint(closure, inputs.map(\.handle), inputs.count, &out) }
  try CheckpointBody.rethrow(status)
  try check(status, "checkpoint")
  return Tensor(owning: try defined(out, "checkpoint"))
}

/// A function of tensors with a gradient of its own.
///
/// - Parameters:
///   - count: the number of its results; nil is that of the inputs.
///   - backward: the gradients of the inputs from those of the results; nil for an unused result, and for no gradient. It runs on
///     one of libtorch's threads, once for each time that `forward` ran.
public func differentiable(
  _ inputs: [Tensor], count: Int? = nil, forward: @escaping ([Tensor]) throws -> [Tensor],
  backward: @escaping ([Tensor?]) throws -> [Tensor?]
) throws -> [Tensor] {
  let context = Unmanaged.passRetained(FunctionBodies(forward: forward, backward: backward))
  let function = ct_function(
    context: context.toOpaque(),
    forward: { context, handles, n, out, count in
      let inputs = (0..<n).map { Tensor(owning: handles[$0]) }
      let bodies = Unmanaged<FunctionBodies>.fromOpaque(context).takeUnretainedValue()
      do {
        for (index, result) in try bodies.forward(inputs).prefix(count).enumerated() {
          out[index] = withExtendedLifetime(result) { ct_retain(result.handle) }
        }
        return 0
      } catch { return CheckpointBody.keep(error) }
    },
    backward: { context, handles, n, out, count in
      let gradients = (0..<n).map { handles[$0].map(Tensor.init(owning:)) }
      let bodies = Unmanaged<FunctionBodies>.fromOpaque(context).takeUnretainedValue()
      do {
        for (index, result) in try bodies.backward(gradients).prefix(count).enumerated() {
          out[index] = result.map { result in withExtendedLifetime(result) { ct_retain(result.handle) } }
        }
        return 0
      } catch { return CheckpointBody.keep(error) }
    },
    release: { Unmanaged<FunctionBodies>.fromOpaque($0).release() })
  var out = [ct_tensor_t?](repeating: nil, count: count ?? inputs.count)
  let status = withExtendedLifetime(inputs) {
    ct_differentiable(function, inputs.map(\.handle), inputs.count, &out, out.count)
  }
  try CheckpointBody.rethrow(status)
  try check(status, "differentiable")
  return try out.map { Tensor(owning: try defined($0, "differentiable")) }
}

private final class FunctionBodies {
  let forward: ([Tensor]) throws -> [Tensor]
  let backward: ([Tensor?]) throws -> [Tensor?]

  init(forward: @escaping ([Tensor]) throws -> [Tensor], backward: @escaping ([Tensor?]) throws -> [Tensor?]) {
    (self.forward, self.backward) = (forward, backward)
  }
}

private final class CheckpointBody {
  let run: ([Tensor]) throws -> Tensor
  init(_ run: @escaping ([Tensor]) throws -> Tensor) { self.run = run }

  /// Errors wait here, each under its code, while C++ unwinds: backward may call closures on libtorch's threads.
  private static let failures = Mutex<(last: Int32, waiting: [Int32: any Error])>((1, [:]))

  static func keep(_ error: any Error) -> Int32 {
    failures.withLock {
      $0.last = $0.last == .max ? 2 : $0.last + 1
      $0.waiting[$0.last] = error
      return $0.last
    }
  }

  /// Throws a checkpointed closure's own error in place of libtorch's error.
  static func rethrow(_ status: Int32) throws {
    if status > 1, let error = failures.withLock({ $0.waiting.removeValue(forKey: status) }) { throw error }
  }
}
