import Tensors

/// ½ mean (x - sg(x + direction / scale))²: its gradient moves x along the direction (DMD2, arXiv 2405.14867, its code).
///
/// - Parameters:
///   - x: samples [B, ...] with their graph.
///   - direction: [B, ...], a constant.
///   - scale: what directions are divided by, [B, 1, ...].
/// - Throws: `TensorError` if the direction does not have the samples' shape: broadcast, it would move all samples alike.
public func match(_ x: Tensor, along direction: Tensor, scale: Tensor) throws -> Loss {
  try refuseOtherShape(direction, than: x)
  return try match(x, moving: noGrad { try direction / scale })
}

/// ½ mean (x - sg(x + step))².
///
/// DMD2's code turns a step that is not a number into 0, which is right if direction and scale both vanish. Anything else
/// that is not finite means that a role has diverged, and the loss is not finite either.
///
/// - Throws: `TensorError` if the step does not have the samples' shape.
public func match(_ x: Tensor, moving step: Tensor) throws -> Loss {
  try refuseOtherShape(step, than: x)
  return Loss(try 0.5 * mse(x, x.detached() + step), step: try step.detached())
}

func refuseOtherShape(_ direction: Tensor, than x: Tensor) throws {
  guard direction.shape == x.shape else {
    throw TensorError("match", "expected a direction of the samples' shape \(x.shape), got \(direction.shape)")
  }
}
