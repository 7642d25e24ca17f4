import Tensors

/// Stands for an autoencoder that is not in the folder, until somebody needs it: the denoiser alone serves `denoise`.
public final class AbsentCodec: Codec {
  private let reason: any Error

  public init(_ reason: any Error) { self.reason = reason }

  /// What `read` returns, or the error that says what is missing. A wrong config is an error at once.
  public static func unlessMissing<R>(_ read: () throws -> R) throws -> Result<R, any Error> {
    do { return .success(try read()) } catch let error as Failure where error.kind == .missing {
      return .failure(error)
    }
  }

  public var pixels: TensorInput { TensorInput("pixels", "pixels in -1...1", []) }
  public var latents: TensorInput { TensorInput("latents", "latents", []) }
  public func open() throws { throw reason }
  public func encode(_ pixels: Tensor) throws -> Tensor { throw reason }
  public func decode(_ latents: Tensor, tile: Int?) throws -> Tensor { throw reason }
  public func fingerprint() throws -> Fingerprint { throw reason }
}
