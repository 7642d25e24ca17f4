import Files
import Tensors

/// A pretrained model taken apart: each of its networks by itself, on tensors that are given. What `fewstep denoise`,
/// `encode`, `decode`, `embed` and `prepare` work with.
public protocol ModelPipeline: AnyObject {
  /// One call of the denoising network: its raw output, in float32.
  ///
  /// - Parameter inputs: by name, as `denoiserInputs` lists them.
  func denoise(_ inputs: [String: Tensor]) throws -> Tensor
  /// What `denoise` reads.
  var denoiserInputs: [TensorInput] { get }

  /// What `encode` and `decode` read.
  var encoderInput: TensorInput { get }
  var decoderInput: TensorInput { get }

  /// Latents as the denoiser sees them, of pixels [B, 3, H, W] in -1...1: the mean of the posterior, scaled.
  func encode(_ pixels: Tensor) throws -> Tensor
  /// Pixels [B, 3, H, W] in -1...1 (not clamped) of latents.
  ///
  /// - Parameter tile: pixels a side that are decoded at once, to save memory; nil decodes whole pictures.
  func decode(_ latents: Tensor, tile: Int?) throws -> Tensor
  /// What the denoiser is told of texts, by the names of its inputs, each [texts.count, ...].
  ///
  /// - Returns: also how many of each text's tokens were more than the encoder reads.
  func embed(_ texts: [String]) throws -> (tensors: [String: Tensor], cutOff: [Int])
  /// The same rows for "no text", each [1, ...].
  func embedNothing() throws -> [String: Tensor]
  /// What the denoiser is told of a picture beside its text, by name, each without the batch.
  func describe(_ picture: ImageFrame) -> [String: [Float]]

  /// What prepared prompts depend on: hashes of weights, configurations and tokenizers, by component.
  func promptFingerprint() throws -> Fingerprint
  /// What prepared images depend on besides their captions.
  func imageFingerprint() throws -> Fingerprint
}

/// How a picture was cut out of an original: all in pixels.
public struct ImageFrame: Equatable, Sendable {
  public var originalHeight: Int
  public var originalWidth: Int
  public var cropTop: Int
  public var cropLeft: Int
  public var height: Int
  public var width: Int

  public init(
    originalHeight: Int, originalWidth: Int, cropTop: Int = 0, cropLeft: Int = 0, height: Int, width: Int
  ) {
    self.originalHeight = originalHeight
    self.originalWidth = originalWidth
    self.cropTop = cropTop
    self.cropLeft = cropLeft
    self.height = height
    self.width = width
  }
}

/// A kind of pipeline that model folders can be opened as.
public struct PipelineKind {
  /// The class in model_index.json: "StableDiffusionXLPipeline".
  public let className: String
  public let open: (ModelSource) throws -> any ModelPipeline
  /// The same as a backbone without prompts of its own, for pictures of a height and width.
  public let backbone: (ModelSource, _ size: [Int]) throws -> any TextConditioned

  public init(
    _ className: String, open: @escaping (ModelSource) throws -> any ModelPipeline,
    backbone: @escaping (ModelSource, _ size: [Int]) throws -> any TextConditioned
  ) {
    self.className = className
    self.open = open
    self.backbone = backbone
  }
}

/// A pretrained model's folder, and how it is to be opened.
public struct ModelSource: Sendable {
  public var folder: PipelineFolder
  /// Which of its weight files, such as "fp16".
  public var variant: String?
  /// What networks are kept and computed in.
  public var precision: DType
  public var device: Device

  public init(_ folder: PipelineFolder, variant: String? = nil, precision: DType = .float32, on device: Device = .cpu) {
    self.folder = folder
    self.variant = variant
    self.precision = precision
    self.device = device
  }
}
