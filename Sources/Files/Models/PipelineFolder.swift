import Foundation
import Tensors

/// A whole model's folder: in diffusers' layout, with model_index.json and a folder for each component, or in its authors' own, with
/// a config.json that names a class.
public struct PipelineFolder: Sendable {
  /// The folder.
  public let path: String
  /// "StableDiffusionXLPipeline", or the class that the authors' config.json names, such as "WanModel".
  public let className: String
  /// The content of model_index.json, or of config.json.
  public let index: [String: JSONValue]

  /// Whether there is such a folder.
  public static func isThere(_ path: String) -> Bool { indexFile(path) != nil }

  private static func indexFile(_ path: String) -> String? {
    ["\(path)/model_index.json", "\(path)/config.json"].first { FileManager.default.fileExists(atPath: $0) }
  }

  /// - Throws: `Failure`: `.missing` if there is no such folder, `.malformed` if its model_index.json is wrong.
  public init(_ path: String) throws {
    guard let file = Self.indexFile(path) else {
      throw Failure(
        .missing, at: path, "there is no model_index.json",
        expected: "a folder in diffusers' layout (model_index.json, unet/, vae/, ...)",
        advice: "A single-file checkpoint is converted by diffusers' `from_single_file` and `save_pretrained`.")
    }
    guard case .object(let index) = try JSONValue.read(file), let name = index["_class_name"]?.string else {
      throw Failure(.malformed, at: file, expected: "a JSON object with _class_name", got: "something else")
    }
    self.path = path
    self.index = index
    className = name
  }

  /// The class of a component; nil if the pipeline has none of that name.
  public func className(of component: String) -> String? {
    guard case .array(let pair)? = index[component], pair.count == 2 else { return nil }
    return pair[1].string
  }

  /// The folder of a component.
  ///
  /// - Parameter classes: the allowed classes.
  /// - Throws: `Failure` if the component is missing or of another class.
  public func component(_ name: String, _ classes: String...) throws -> String {
    let file = "\(path)/model_index.json"
    guard let found = className(of: name) else {
      throw Failure(
        .missing, at: file, "the pipeline has no component '\(name)'", expected: classes.joined(separator: " or "))
    }
    guard classes.contains(found) else {
      throw Failure(
        .malformed, at: "\(file): \(name)", expected: classes.joined(separator: " or "), got: found)
    }
    let folder = "\(path)/\(name)"
    guard FileManager.default.fileExists(atPath: folder) else {
      throw Failure(.missing, at: folder, "the folder that model_index.json speaks of is not there")
    }
    return folder
  }

  /// One hash of all components' weights and configs, and of the scheduler: everything that samples depend on. Reads all weights.
  ///
  /// - Throws: `Failure` if weights are damaged, or no component has any.
  public func digest(variant: String?) throws -> String {
    var hasWeights = false
    let hashes = try index.keys.sorted().compactMap { name -> String? in
      guard className(of: name) != nil else { return nil }
      let configs = ["config.json", "scheduler_config.json"].compactMap {
        try? JSONValue.read("\(path)/\(name)/\($0)").description
      }.joined()
      for stem in ["diffusion_pytorch_model", "model"] {
        do {
          let digest = try Weights.open(folder: "\(path)/\(name)", stem: stem, variant: variant).digest()
          hasWeights = true
          return "\(name) \(configs) \(digest)"
        } catch let error as Failure where error.kind == .missing {
          continue  // a tokenizer, a scheduler
        }
      }
      return configs.isEmpty ? nil : "\(name) \(configs)"
    }
    if hashes.isEmpty, FileManager.default.fileExists(atPath: "\(path)/config.json") {
      // The authors' layout: the denoiser, and other networks as torch's files beside it.
      let others = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".pth") }.sorted()
      let digests = try others.map { "\($0) \(try Weights.open("\(path)/\($0)").digest())" }
      let denoiser = try Weights.open(folder: path, stem: "diffusion_pytorch_model", variant: variant).digest()
      return hash(([JSONValue.object(index).description, denoiser] + digests).joined(separator: "\n"))
    }
    guard hasWeights else { throw Failure(.missing, at: path, "no component has weights") }
    return hash(hashes.joined(separator: "\n"))
  }
}
