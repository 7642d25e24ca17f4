import Tensors

/// A frozen network that turns image files into feature vectors, for FID, KID and CMMD.
///
/// Unlike this protocol, `FeatureNetwork` takes a backbone's samples (also points or latents) in one batch, and
/// classifies them too. This network prepares each file in its own size, exactly as a published metric does, and has no
/// classes.
public protocol ImageNetwork {
  /// Everything besides the image that features depend on: the network's name and its weights' hash.
  var fingerprint: Fingerprint { get }
  var device: Device { get }

  /// float32 [3, side, side] on the CPU, with the network's input size.
  ///
  /// - Parameter image: uint8 [3, H, W] on the CPU.
  func prepared(_ image: Tensor) throws -> Tensor

  /// float32 [B, D] on the CPU, without a graph, for prepared images [B, 3, side, side] on the device.
  func features(_ images: Tensor) throws -> Tensor
}
