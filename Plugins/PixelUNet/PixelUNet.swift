import Fewstep
import Files
import Networks
import Tensors

/// Class-conditional pixel diffusion: a U-Net on a rectified flow, trained by `fewstep train-teacher`.
public final class PixelUNet: Backbone {
  public let medium = Medium.images
  public let sampleShape: [Int]
  public let device: Device
  public let prompts: [String]
  public let featureShape: [Int]?
  public let metadata: [String: String]
  private let architecture: Architecture
  private let weights: ParameterStore.Source
  private let shift: Double
  private let gradientCheckpointing: Bool

  /// - Parameters:
  ///   - weights: a safetensors file that contains its architecture.
  ///   - shift: the shift of the rectified flow's times (Esser et al., arXiv 2403.03206, Eq. 23).
  ///   - gradientCheckpointing: gradient checkpointing of the residual blocks.
  /// - Throws: `Failure` naming file and tensor.
  public convenience init(
    weights path: String, on device: Device, shift: Double = 1, gradientCheckpointing: Bool = false
  )
    throws
  {
    let file = try SafetensorsFile(path)
    let architecture = try Architecture(metadata: file.metadata, of: path)
    self.init(
      architecture, weights: .checkpoint { file.contains($0) ? try file.parameter($0) : nil }, on: device,
      shift: shift, gradientCheckpointing: gradientCheckpointing)
    try noGrad { _ = try denoiser() }
  }

  /// - Parameter weights: the weights from which all roles start.
  public init(
    _ architecture: Architecture, weights: ParameterStore.Source, on device: Device, shift: Double = 1,
    gradientCheckpointing: Bool = false
  ) {
    self.shift = shift
    self.gradientCheckpointing = gradientCheckpointing
    self.architecture = architecture
    self.weights = weights
    self.device = device
    sampleShape = architecture.image
    prompts = (0..<architecture.classes).map { "class \($0)" }
    let fold = architecture.patch << (architecture.multipliers.count - 1)
    featureShape =
      [architecture.channels * (architecture.multipliers.last ?? 1)] + architecture.image.dropFirst().map { $0 / fold }
    metadata = architecture.metadata
  }

  public func condition(_ promptIDs: [Int]) throws -> Condition { try Condition(classes: promptIDs, on: device) }

  public func unconditional(like condition: Condition) throws -> Condition {
    let none = condition.promptIDs.map { _ in architecture.classes }
    return try Condition(classes: none, promptIDs: condition.promptIDs, on: device)
  }

  public func teacher() throws -> any Teacher {
    let teacher = try denoiser()
    try teacher.parameters.setTrainable(false)
    return teacher
  }

  public func trainable(_ role: Role, adapters: Bool, studentSteps: Int?, seed: Int) throws -> any TrainableDenoiser {
    try denoiser(studentSteps: studentSteps)
  }

  public func pixels(_ samples: Tensor) throws -> Tensor? { try (samples * 0.5 + 0.5).clamped(0, 1) }

  private func denoiser(studentSteps: Int? = nil) throws -> PixelDenoiser {
    try PixelDenoiser(
      architecture, ParameterStore(weights, device: device), shift: shift,
      gradientCheckpointing: gradientCheckpointing, studentSteps: studentSteps)
  }

  public static func register(in catalog: inout Catalog) {
    let summary = "Class-conditional pixel U-Net on a rectified flow (arXiv 2006.11239, 2209.03003)"
    catalog.backbones.append(
      Plugin("pixel-unet", summary) { s in
        let path = s.path("teacher", "Weights of the teacher (safetensors).")
        let shift = s.number(
          "shift", default: 1, in: .positive,
          "Moves times towards noise, σ = shift t / (1 + (shift - 1) t); 3 is usual for flow models (arXiv 2403.03206)."
        )
        let gradientCheckpointing = s.boolean(
          "gradient-checkpointing", default: false, affects: .speed,
          "Compute residual blocks twice instead of keeping their activations: less memory, more time.")
        return {
          try PixelUNet(weights: path, on: $0.device, shift: shift, gradientCheckpointing: gradientCheckpointing)
        }
      })
    catalog.pretrainable.append(
      Plugin("pixel-unet", summary) { s in
        let architecture = Architecture(s)
        return { PixelUNet(architecture, weights: .random(seed: $0.seed), on: $0.device) }
      })
  }
}
