import Files
import Foundation
import Tensors

/// A folder with a CLIP model in transformers' layout (config.json) or open_clip's (open_clip_config.json).
public struct CLIPFolder {
  public let path: String
  public let configuration: CLIPConfiguration
  public let processing: CLIPImageProcessing
  private let isOpenCLIP: Bool

  /// Reads the configs.
  ///
  /// - Throws: `Failure` naming the file, and the setting in it that is missing or unsupported.
  public init(_ path: String) throws {
    self.path = path
    func read(_ name: String) throws -> ModelConfig? {
      FileManager.default.fileExists(atPath: "\(path)/\(name)") ? try ModelConfig("\(path)/\(name)") : nil
    }
    if let config = try read("config.json") {
      isOpenCLIP = false
      configuration = try CLIPConfiguration(config)
      let size = configuration.vision.size
      processing =
        try read("preprocessor_config.json").map { try CLIPImageProcessing($0, size: size) }
        ?? CLIPImageProcessing(size: size, .crop)
    } else if let config = try read("open_clip_config.json") {
      isOpenCLIP = true
      configuration = try CLIPConfiguration(openCLIP: config)
      processing = try CLIPImageProcessing(openCLIP: config, size: configuration.vision.size)
    } else {
      throw Failure(
        .missing, at: path, "there is no CLIP model", expected: "a folder with config.json or open_clip_config.json")
    }
  }

  /// The frozen model.
  ///
  /// - Throws: `Failure` naming the file and the tensor that is missing or does not fit the config.
  public func model(_ dtype: DType = .float32, on device: Device = .cpu) throws -> CLIPModel {
    try CLIPModel(weights(), configuration, dtype: dtype, on: device)
  }

  private func weights() throws -> any WeightSource {
    guard isOpenCLIP else { return try Weights.open(folder: path, stem: "model") }
    let names = ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"]
    guard let name = names.first(where: { FileManager.default.fileExists(atPath: "\(path)/\($0)") }) else {
      throw Failure(.missing, at: path, "there are no weights", expected: names.joined(separator: " or "))
    }
    return try Weights.open("\(path)/\(name)")
  }
}
