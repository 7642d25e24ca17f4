import Tensors

/// ½ mean (x - sg(x + direction / scale))²: its gradient moves x along the direction (arXiv 2405.14867 and DMD2's
/// code).
///
/// - Parameters:
///   - x: samples [B, ...] with their graph.
///   - direction: [B, ...], a constant.
///   - scale: the divisor of the directions, [B, 1, ...].
/// - Throws: `TensorError` if the direction's shape is not the samples': if it were broadcast, it would move all
///   samples alike.
public func match(_ x: Tensor, along direction: Tensor, scale: Tensor) throws -> Loss {
  try refuseOtherShape(direction, than: x)
  return try match(x, moving: noGrad { try direction / scale })
}

/// ½ mean (x - sg(x + step))².
///
/// DMD2's code turns a NaN step into 0, which is right if direction and scale both vanish. Any other step that is not
/// finite means that a role has diverged. The loss is then not finite either.
///
/// - Throws: `TensorError` if the step's shape is not the samples'.
public func match(_ x: Tensor, moving step: Tensor) throws -> Loss {
  try refuseOtherShape(step, than: x)
  return Loss(try 0.5 * mse(x, x.detached() + step), step: try step.detached())
}

func refuseOtherShape(_ direction: Tensor, than x: Tensor) throws {
  guard direction.shape == x.shape else {
    throw TensorError("match", "expected a direction of the samples' shape \(x.shape), got \(direction.shape)")
  }
}
