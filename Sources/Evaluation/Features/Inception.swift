import Files
import Media
import Tensors

/// The Inception network with which FID and KID are published, as clean-fid uses it (Parmar et al., arXiv 2104.11222):
/// NVIDIA's TorchScript program inception-2015-12-05.pt.
///
/// An image is resized to 299 × 299 by Pillow's bicubic filter, each channel in floating point, and clamped to 0...255.
/// The program's submodule `layers` gets (x - 128) / 128.
public final class Inception: ImageNetwork {
  /// The side of the input in pixels.
  public static let side = 299

  /// The network's name and the file's SHA-256.
  public let fingerprint: Fingerprint
  /// The device of the network.
  public let device: Device
  private let program: ScriptProgram

  /// - Throws: `Failure` if the file is not a TorchScript program, is damaged, or has no such submodule.
  public init(_ path: String, on device: Device = .cpu) throws {
    program = try .read(path, on: device)
    self.device = device
    fingerprint = ["network": "inception", "weights": try SHA256.hash(of: path)]
    do { _ = try features(.zeros([2, 3, Self.side, Self.side], on: device)) } catch let error as TensorError {
      throw Failure(
        .malformed, at: path, "the program is not NVIDIA's Inception",
        expected: "a part `layers` that makes a vector of each image [B, 3, \(Self.side), \(Self.side)]",
        got: error.reason)
    }
  }

  public func prepared(_ image: Tensor) throws -> Tensor {
    try resizedInFloat(image, height: Self.side, width: Self.side, .bicubic).clamped(0, 255)
  }

  public func features(_ images: Tensor) throws -> Tensor {
    try noGrad {
      try program((images - 128) / 128, method: "layers.forward").reshaped([images.shape[0], -1])
        .to(.float32).to(.cpu)
    }
  }
}
