import Files
import Tensors

/// A pretrained model's folder, and the way to open it.
public struct ModelSource: Sendable {
  public var folder: PipelineFolder
  /// The variant of its weight files, such as "fp16".
  public var variant: String?
  /// The dtype in which networks are kept and computed.
  public var precision: DType
  public var device: Device

  public init(_ folder: PipelineFolder, variant: String? = nil, precision: DType = .float32, on device: Device = .cpu) {
    self.folder = folder
    self.variant = variant
    self.precision = precision
    self.device = device
  }

  /// The name of diffusers' weight files, without the extension.
  public static let weightsName = "diffusion_pytorch_model"

  /// A component's weights.
  ///
  /// - Parameters:
  ///   - component: the name of its folder: "unet".
  ///   - stem: the name of the weight files: `weightsName`, or "model" for transformers' text encoders.
  /// - Throws: `Failure` if there are none.
  public func weights(_ component: String, stem: String = weightsName) throws -> any WeightSource {
    try Weights.open(folder: "\(folder.path)/\(component)", stem: stem, variant: variant)
  }
}
