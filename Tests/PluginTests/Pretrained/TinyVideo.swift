import Fewstep
import Files
import Foundation
import Networks
import Tensors

/// A minimal family of video models: a random 3-D network over pixels, with trivial prompts.
final class TinyVideo: PretrainedModel {
  static let name = "tiny-video"
  static let summary = "Videos of a random 3-D network"
  static let pipelineClass = "TinyVideoPipeline"
  static let defaultSize = MediaSize(height: 8, width: 8, frames: 5)
  static let defaultGuidance = 4.0
  static let defaultSteps = 3
  static let guidancePasses = Guidance.Passes.two
  static var exchange: ExchangeLayout {
    ExchangeLayout(component: "transformer", adapters: ["peft": .peft("transformer")]) { _, _, _ in }
  }

  let source: ModelSource
  let schedule: any NoiseSchedule
  let prediction = Prediction.flow
  let medium = Medium.videos(framesPerSecond: 16)
  let pixels = PlainPixels()
  var codec: any Codec { pixels }
  let conditioner: any TextConditioner = PromptLength()
  let denoiserInputs = [
    TensorInput("sample", "noisy videos", ["B", 3, "f", "h", "w"]), TensorInput("timestep", "times", ["B"]),
    TensorInput("text", "prompts", ["B", 1]),
  ]

  static func settings(_ s: SettingsReader) -> RectifiedFlow {
    RectifiedFlow(shift: s.number("shift", default: 3, in: .positive, "How far times are moved towards noise."))
  }

  init(_ source: ModelSource, _ schedule: RectifiedFlow) { (self.source, self.schedule) = (source, schedule) }
  func latentShape(of size: MediaSize) -> [Int] { [3, size.frames ?? 1, size.height, size.width] }
  func featureShape(ofLatents shape: [Int]) -> [Int]? { [4] + shape.dropFirst() }
  func denoiser(_ scope: Scope, studentSteps: Int?) throws -> any ConditionedNetwork {
    let network = try TinyVideoNetwork(scope, studentSteps: studentSteps)
    network.ran = { [weak self] in self?.batches.append($0) }
    return network
  }

  /// The batches that denoising networks got, in order.
  var batches = [Int]()
}

final class TinyVideoNetwork: ConditionedNetwork {
  private let frames: Convolution
  private let space: Convolution
  private let text: Linear
  private let studentStep: StepEmbedding?
  /// Called with the batch of each pass.
  var ran: (Int) -> Void = { _ in }

  init(_ scope: Scope, studentSteps: Int? = nil) throws {
    frames = try Convolution(scope / "frames", 3, 4, kernel: [3, 1, 1])
    space = try Convolution(scope / "space", 4, 3, kernel: [1, 3, 3])
    text = try Linear(scope / "text", 2, 4)
    studentStep = try studentSteps.map { try StepEmbedding(scope / "student_step_embedding", steps: $0, width: 4) }
  }

  func output(_ noisy: Tensor, _ timestep: Tensor, given condition: Condition, gradientCheckpointing: Bool) throws
    -> Tensor
  {
    try space(features(noisy, timestep, given: condition, gradientCheckpointing: gradientCheckpointing))
  }

  func features(_ noisy: Tensor, _ timestep: Tensor, given condition: Condition, gradientCheckpointing: Bool) throws
    -> Tensor
  {
    ran(noisy.shape[0])
    let given = try concatenated([condition.tensor("text"), timestep.unsqueezed(1) / 1000], 1)
    var embedded = try text(given)
    if let studentStep { embedded = try embedded + studentStep(condition.tensor(Condition.studentStep)) }
    return try silu(frames(noisy) + embedded.broadcast(toRank: 5))
  }
}

/// Latents are pixels.
final class PlainPixels: Codec {
  let pixels = TensorInput("pixels", "videos", ["B", 3, "f", "h", "w"])
  let latents = TensorInput("latents", "videos", ["B", 3, "f", "h", "w"])
  func encode(_ pixels: Tensor) -> Tensor { pixels }
  func decode(_ latents: Tensor, tile: Int?) -> Tensor {
    batches.append(latents.shape[0])
    return latents
  }
  /// The batches that were decoded, in order.
  var batches = [Int]()
  func fingerprint() throws -> Fingerprint { ["codec": "plain"] }
}

/// Encodes a prompt as its length.
final class PromptLength: TextConditioner {
  func embed(_ prompts: [String]) throws -> (tensors: [String: Tensor], cutOff: [Int]) {
    (
      ["text": try Tensor(prompts.map { Float($0.count) / 10 }, shape: [prompts.count, 1])], prompts.map { _ in 0 }
    )
  }
  func nothing() throws -> [String: Tensor] { ["text": try .zeros([1, 1])] }
  func fingerprint() throws -> Fingerprint { ["conditioner": "length"] }
}

extension TinyVideo {
  /// Writes a model folder with random weights.
  static func write(to folder: String) throws {
    try FileManager.default.createDirectory(atPath: "\(folder)/transformer", withIntermediateDirectories: true)
    func write(_ text: String, _ file: String) throws {
      try AtomicFile.write(Data(text.utf8), to: "\(folder)/\(file)")
    }
    try write(
      #"{"_class_name": "\#(pipelineClass)", "transformer": ["diffusers", "TinyVideoTransformer"]}"#,
      "model_index.json")
    try write("{}", "transformer/config.json")
    let store = ParameterStore(.random(seed: 1))
    _ = try TinyVideoNetwork(store.root)
    try Safetensors.write(store.state, to: "\(folder)/transformer/\(ModelSource.weightsName).safetensors")
  }
}
