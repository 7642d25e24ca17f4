import Encoders
import Evaluation
import Files
import Tensors

/// The networks for VBench's native dimensions. A missing one is nil.
public struct VBenchModels: Sendable {
  /// dino_vitbase16_pretrain.pth
  public var dino: String?
  /// The folder of OpenAI's CLIP ViT-B/32, with its tokenizer.
  public var clipB32: String?
  /// The folder of OpenAI's CLIP ViT-L/14.
  public var clipL14: String?
  /// sa_0_4_vit_l_14_linear.pth
  public var aesthetic: String?

  /// Paths of the networks; nil for those that are missing.
  public init(dino: String? = nil, clipB32: String? = nil, clipL14: String? = nil, aesthetic: String? = nil) {
    (self.dino, self.clipB32, self.clipL14, self.aesthetic) = (dino, clipB32, clipL14, aesthetic)
  }

  /// Whether a native dimension can be measured.
  public func has(_ dimension: VBenchDimension) -> Bool {
    switch dimension {
    case .temporalFlickering: true
    case .subjectConsistency: dino != nil
    case .backgroundConsistency, .appearanceStyle: clipB32 != nil
    case .aestheticQuality: clipL14 != nil && aesthetic != nil
    default: false
    }
  }

  /// The files that a dimension's score depends on.
  public func files(of dimension: VBenchDimension) -> [String] {
    let files: [String?] =
      switch dimension {
      case .subjectConsistency: [dino]
      case .backgroundConsistency, .appearanceStyle: [clipB32]
      case .aestheticQuality: [clipL14, aesthetic]
      default: []
      }
    return files.compactMap { $0 }
  }
}

/// Measures one native dimension of videos, as VBench 0.1.5 does on one device.
public final class VBenchScorer {
  /// Frames uint8 [F, 3, H, W] and their prompt -> one number per frame or pair of frames.
  private let measure: (Tensor, VBenchPrompt) throws -> [Double]
  private let dimension: VBenchDimension
  /// Everything that scores depend on: hashes of the networks' weights and of the tokenizer.
  public let fingerprint: Fingerprint
  /// The place in a failure that does not know the video's path.
  static let place = "video"
  /// The number of frames that a network gets at once.
  private static let batch = 32

  /// Reads the networks.
  ///
  /// - Throws: `Failure` if the dimension is not native, a network for it is not given, or one does not not fit.
  public init(_ dimension: VBenchDimension, _ models: VBenchModels, on device: Device) throws {
    guard models.has(dimension) else {
      throw Failure(.missing, at: dimension.rawValue, "its networks are missing")
    }
    self.dimension = dimension
    switch dimension {
    case .subjectConsistency:
      let network = try DINO(models.dino ?? "", on: device)
      fingerprint = Self.native(["weights": network.digest])
      measure = { frames, _ in
        let features = try Self.batched(frames) {
          try network(VBenchMeasures.prepared($0.to(device), size: network.size))
        }
        return try VBenchMeasures.consistency(features)
      }
    case .backgroundConsistency:
      let model = try CLIPFolder(models.clipB32 ?? "").model(on: device)
      fingerprint = Self.native(["weights": try model.digest()])
      measure = { frames, _ in try VBenchMeasures.consistency(Self.embeddings(frames, model, on: device)) }
    case .aestheticQuality:
      let folder = try CLIPFolder(models.clipL14 ?? "")
      let head = try AestheticHead(
        models.aesthetic ?? "", width: folder.configuration.vision.projection, on: device)
      guard head.tensors.count == 2 else {
        throw Failure(
          .malformed, at: models.aesthetic ?? "", "VBench's aesthetic predictor is another",
          expected: "one linear layer",
          got: "\(head.tensors.count / 2) of them", advice: "Take sa_0_4_vit_l_14_linear.pth.")
      }
      let model = try folder.model(on: device)
      fingerprint = Self.native(["weights": try model.digest(), "head": try hash(head.tensors)])
      measure = { frames, _ in try (head(Self.embeddings(frames, model, on: device)) / 10).doubles() }
    case .appearanceStyle:
      let style = try AppearanceStyle(CLIPFolder(models.clipB32 ?? ""), on: device)
      fingerprint = Self.native(try style.fingerprint())
      measure = { frames, prompt in try style(frames, prompt.style ?? "") }
    default:
      fingerprint = Self.native([:])
      measure = { frames, _ in try VBenchMeasures.temporalFlickering(frames) }
    }
  }

  private static func native(_ networks: Fingerprint) -> Fingerprint { networks.merging(["scorer": "native"]) }

  /// The numbers of a video's frames, or of its pairs of frames.
  ///
  /// - Parameter frames: uint8 [F, 3, H, W] on the CPU.
  /// - Throws: `Failure` for a single frame, if a pair is needed.
  public func callAsFunction(_ frames: Tensor, of prompt: VBenchPrompt) throws -> [Double] {
    let isOfPairs = ![.aestheticQuality, .appearanceStyle].contains(dimension)
    guard frames.shape[0] > (isOfPairs ? 1 : 0) else {
      throw Failure(
        .malformed, at: Self.place, expected: "at least 2 frames, which \(dimension.rawValue) compares",
        got: "\(frames.shape[0])")
    }
    return try noGrad { try measure(frames, prompt) }
  }

  /// The score of one video.
  static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// The score of many videos from their frames' numbers.
  static func score(of videos: [[Double]], _ dimension: VBenchDimension) -> Double {
    mean(dimension.isMeanOfFrames ? videos.flatMap { $0 } : videos.map(mean))
  }

  /// CLIP's embeddings of frames, float32 [F, P], of length 1.
  private static func embeddings(_ frames: Tensor, _ model: CLIPModel, on device: Device) throws -> Tensor {
    let processing = CLIPImageProcessing(size: model.configuration.vision.size, .sampledCrop)
    return try batched(frames) { try model.embeddings(pixels: processing(pixels: $0.to(device).to(.float32) / 255)) }
  }

  private static func batched(_ frames: Tensor, _ body: (Tensor) throws -> Tensor) throws -> Tensor {
    let count = frames.shape[0]
    return try concatenated(
      stride(from: 0, to: count, by: batch).map { try body(frames.rows($0..<min($0 + batch, count))) })
  }
}

/// The similarity of frames and a style's text: exp(logit scale) · cos / 100. Frames are resized like images, through 8
/// bits.
private final class AppearanceStyle {
  private let model: CLIPModel
  private let embeddings: PromptEmbeddings
  private let processing: CLIPImageProcessing
  private let scale: Double
  private let device: Device

  init(_ folder: CLIPFolder, on device: Device) throws {
    model = try folder.model(on: device)
    embeddings = try PromptEmbeddings(model, tokenizer: folder.path, on: device)
    processing = CLIPImageProcessing(size: model.configuration.vision.size, .torchvisionCrop)
    scale = try model.scale()
    self.device = device
  }

  func fingerprint() throws -> Fingerprint { embeddings.fingerprint.merging(["weights": try model.digest()]) }

  func callAsFunction(_ frames: Tensor, _ style: String) throws -> [Double] {
    let text = try embeddings([style])
    return try (0..<frames.shape[0]).map { index in
      let pixels = try processing(image: frames[.at(index)]).unsqueezed(0).to(device)
      return try (model.embeddings(pixels: pixels) * text).sum([-1]).item() * scale / 100
    }
  }
}
