import Fewstep
import FewstepCLI
import Files
import Foundation
import Reports
import Tensors
import Testing

let fixtures =
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
  + "/EncodersTests/Fixtures"
/// What make_image_reward.py writes.
let imageReward = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures"

/// Samples that are images already.
final class ImagesBackbone: Backbone {
  let medium = Medium.images
  let sampleShape = [3, 8, 8]
  let device = Device.cpu
  let prompts: [String]
  let metadata: [String: String] = [:]

  init(_ prompts: [String]) { self.prompts = prompts }

  func condition(_ promptIDs: [Int]) throws -> Condition { Condition(promptIDs: promptIDs, tensors: [:]) }
  func unconditional(like condition: Condition) throws -> Condition { condition }
  func teacher() throws -> any Teacher { throw TensorError("images", "there is no teacher") }
  func trainable(_ role: Role, adapters: Bool, seed: Int) throws -> any TrainableDenoiser {
    throw TensorError("images", "there is nothing to train")
  }
}

/// A reward as a recipe's section makes it.
func reward(_ section: String, prompts: [String] = []) throws -> any ImageFileReward {
  let reader = SettingsReader(try YAMLNode.parse(section))
  let name = try #require(try YAMLNode.parse(section).mapping().first { $0.name == "kind" }).value.string()
  _ = reader.string("kind", "")
  let plugin = try #require(FewstepCommand.catalog(adding: []).rewards.first { $0.name == name })
  let make = plugin.read(reader)
  try reader.finish()
  return try #require(
    make(PluginContext(device: .cpu, seed: 0, backbone: ImagesBackbone(prompts))) as? any ImageFileReward)
}

/// What is thrown, in words; empty where nothing is.
func words(_ body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return ""
}

func largestDifference(_ a: Tensor, _ b: Tensor) throws -> Double {
  guard a.shape == b.shape else { return .infinity }
  return try abs(a - b).doubles().max() ?? 0
}

/// The largest difference as a share of the largest expected number. Vectorized kernels sum in another order, so that small
/// entries of a gradient are only as exact as the large ones they cancel from.
func relativeDifference(_ a: Tensor, from expected: Tensor) throws -> Double {
  try largestDifference(a, expected) / abs(expected).doubles().max()!
}

/// A folder for one test, removed with the object.
final class Scratch {
  let folder = NSTemporaryDirectory() + "fewstep-rewards-" + UUID().uuidString

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Writes a file and gives its path.
  func file(_ name: String, _ content: String) throws -> String {
    try Data(content.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    return "\(folder)/\(name)"
  }
}

func expected(_ folder: String, _ name: String) throws -> Tensor {
  try SafetensorsFile("\(fixtures)/\(folder)/expected.safetensors").tensor(name)
}

/// The pictures and texts of make_clip_model.py.
func pictures() throws -> (pictures: [Tensor], texts: [String]) {
  let file = try SafetensorsFile("\(fixtures)/pictures.safetensors")
  let texts = try JSONDecoder().decode(
    [String].self, from: Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/texts.json")))
  return (try texts.indices.map { try file.tensor("picture.\($0)") }, texts)
}
