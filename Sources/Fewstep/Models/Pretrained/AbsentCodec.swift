import Tensors

/// Stands for an autoencoder whose config cannot be read, until somebody needs it: a folder with the denoiser alone serves `denoise`.
public final class AbsentCodec: Codec {
  private let reason: any Error

  public init(_ reason: any Error) { self.reason = reason }

  public var pixels: TensorInput { TensorInput("pixels", "pixels in -1...1", []) }
  public var latents: TensorInput { TensorInput("latents", "latents", []) }
  public func open() throws { throw reason }
  public func encode(_ pixels: Tensor) throws -> Tensor { throw reason }
  public func decode(_ latents: Tensor, tile: Int?) throws -> Tensor { throw reason }
  public func fingerprint() throws -> Fingerprint { throw reason }
}
