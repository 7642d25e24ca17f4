import Tensors

/// A frozen network that makes a vector of a picture: what FID, KID and CMMD compare.
public protocol ImageNetwork {
  /// What features depend on beside the picture: the network and its weights, by hash.
  var identity: String { get }
  var device: Device { get }

  /// float32 [3, side, side] on the CPU, of a side that is the network's own.
  ///
  /// - Parameter picture: uint8 [3, H, W] on the CPU.
  func prepared(_ picture: Tensor) throws -> Tensor

  /// float32 [B, D] on the CPU, without a graph, of prepared pictures [B, 3, side, side] on the device.
  func features(_ pictures: Tensor) throws -> Tensor
}
