import Tensors

/// A model's autoencoder between pixels and latents. Its network is opened on first use.
public protocol Codec: AnyObject {
  /// The input of `encode`, and of `decode`.
  var pixels: TensorInput { get }
  var latents: TensorInput { get }
  /// The side of a tile is a multiple of this many pixels.
  var tileMultiple: Int { get }

  /// Latents as the denoiser sees them, in float32: the posterior's mean, scaled.
  ///
  /// - Parameter pixels: [B, C, H, W] of images, [B, C, F, H, W] of videos, in -1...1.
  func encode(_ pixels: Tensor) throws -> Tensor
  /// Pixels in -1...1 (not clamped), in float32. Differentiable.
  ///
  /// - Parameter tile: the side in pixels of the parts that are decoded at once, to save memory; nil decodes samples whole.
  /// - Throws: `Failure` if the side is no multiple of `tileMultiple`.
  func decode(_ latents: Tensor, tile: Int?) throws -> Tensor

  /// Opens the network, which may fail: before hours of training or sampling whose results could not be decoded.
  func open() throws

  /// Hashes of everything that latents depend on, by component: weights, configuration. Opens no network.
  func fingerprint() throws -> Fingerprint
}

extension Codec {
  public var tileMultiple: Int { 1 }
  public func open() throws {}

  /// Checks the side of a tile before anything is computed.
  ///
  /// - Throws: `Failure` if it is no positive multiple of `tileMultiple`; `place` is the option or the key that gives it.
  public func check(tile: Int, _ kind: Failure.Kind = .malformed, at place: String) throws {
    guard tile > 0, tile.isMultiple(of: tileMultiple) else {
      throw Failure(kind, at: place, expected: "a multiple of \(tileMultiple) pixels", got: "\(tile)")
    }
  }
}
