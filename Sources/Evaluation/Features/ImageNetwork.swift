import Tensors

/// A frozen network that turns image files into feature vectors, which FID, KID and CMMD compare.
///
/// It differs from `FeatureNetwork`, which sees a backbone's samples (points or latents too) in one batch and also classifies
/// them. This one prepares each file at its own size, in the exact way of a published measure, and has no classes.
public protocol ImageNetwork {
  /// What features depend on besides the image: the network's name and its weights' hash.
  var fingerprint: Fingerprint { get }
  var device: Device { get }

  /// float32 [3, side, side] on the CPU, of a side that is the network's own.
  ///
  /// - Parameter image: uint8 [3, H, W] on the CPU.
  func prepared(_ image: Tensor) throws -> Tensor

  /// float32 [B, D] on the CPU, without a graph, of prepared images [B, 3, side, side] on the device.
  func features(_ images: Tensor) throws -> Tensor
}
