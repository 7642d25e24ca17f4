import Fewstep
import Files
import Foundation
import Networks
import Tensors

/// A small convolutional classifier of images, or of whole videos, whose frames are so many more channels. Its features are the spatial means of all layers, since those of the
/// last layer alone hardly distinguish a blurred image from a sharp one.
public final class Classifier: TrainableClassifier, FeatureNetwork {
  /// The sizes of the network.
  public struct Architecture: Codable, Equatable, Sendable {
    /// Channels of an image.
    public var inputs = 1
    /// Frames of a video that are seen at once; nil sees images, and a video's frames one by one.
    public var frames: Int?
    /// Channels of the four convolutions; the first and the third halve the resolution.
    public var channels = [32, 64, 64, 96]
    /// The width of the last hidden layer.
    public var features = 128
    /// The number of classes.
    public var classes = 10
  }

  public let parameters: ParameterStore
  /// The sizes of the network.
  public let architecture: Architecture
  private let convolutions: [(convolution: Convolution, norm: GroupNorm)]
  private let hidden: Linear
  private let output: Linear

  /// A classifier with random or stored weights.
  public init(_ architecture: Architecture, _ source: ParameterStore.Source, on device: Device = .cpu) throws {
    self.architecture = architecture
    let store = ParameterStore(source, device: device)
    parameters = store
    var inputs = architecture.inputs * (architecture.frames ?? 1)
    convolutions = try architecture.channels.enumerated().map { index, channels in
      let scope = store.root / "convolutions" / index
      defer { inputs = channels }
      return (
        try Convolution(scope / "conv", inputs, channels, kernel: 3, stride: index % 2 == 0 ? 2 : 1),
        try GroupNorm(scope / "norm", channels, groups: 8)
      )
    }
    hidden = try Linear(store.root / "hidden", inputs, architecture.features)
    output = try Linear(store.root / "output", architecture.features, architecture.classes)
  }

  /// - Throws: `Failure` if the file does not hold a classifier.
  public convenience init(weights path: String, on device: Device) throws {
    let file = try SafetensorsFile(path)
    guard file.metadata["kind"] == "classifier", let json = file.metadata["architecture"],
      let architecture = try? JSONDecoder().decode(Architecture.self, from: Data(json.utf8))
    else {
      throw Failure(
        .malformed, at: path, expected: "weights of a classifier, with its architecture in the file's metadata",
        got: "kind '\(file.metadata["kind"] ?? "none")'", advice: "Train one with `fewstep train-classifier`.")
    }
    try self.init(architecture, .checkpoint { file.contains($0) ? try file.parameter($0) : nil }, on: device)
    try parameters.setTrainable(false)
  }

  public var metadata: [String: String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json = (try? encoder.encode(architecture)).map { String(decoding: $0, as: UTF8.self) }
    return ["kind": "classifier", "architecture": json ?? "{}"]
  }

  public func logProbabilities(_ pixels: Tensor) throws -> Tensor {
    try output(silu(hidden(layers(pixels).last!))).logSoftmax(1)
  }

  public func features(_ samples: Tensor, pixels: Tensor?) throws -> (features: Tensor, logProbabilities: Tensor) {
    guard let pixels else { throw TensorError("classifier", "samples of this backbone are no images") }
    let means = try layers(pixels)
    return (try concatenated(means, 1), try output(silu(hidden(means.last!))).logSoftmax(1))
  }

  public var readsVideos: Bool { architecture.frames != nil }

  public func fingerprint() throws -> Fingerprint {
    ["weights": try hash(parameters.all.map { try $0.value.detached() })]
  }

  /// The spatial mean of each convolution's output: [B, channels] each.
  private func layers(_ pixels: Tensor) throws -> [Tensor] {
    var h = try stacked(pixels) * 2 - 1
    return try convolutions.map { layer in
      h = try silu(layer.norm(layer.convolution(h)))
      return try h.mean([2, 3])
    }
  }

  /// A video's frames as channels [B, C · F, H, W].
  private func stacked(_ pixels: Tensor) throws -> Tensor {
    guard let frames = architecture.frames else { return pixels }
    guard pixels.rank == 5, pixels.shape[2] == frames else {
      throw TensorError("classifier", "expected videos of \(frames) frames, got \(pixels.summary)")
    }
    return try pixels.reshaped([pixels.shape[0], -1, pixels.shape[3], pixels.shape[4]])
  }
}
