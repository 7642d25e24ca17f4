import Encoders
import Fewstep
import Shipped
import Files
import Foundation
import Reports
import Tensors
import TestSupport
import Testing

let fixtures = "\(Repository.tests)/EncodersTests/Fixtures"
/// The output of make_image_reward.py.
let imageReward = "\(Repository.tests)/PluginTests/ImageReward/Fixtures"

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
  func trainable(_ role: Role, adapters: Bool, studentSteps: Int?, seed: Int) throws -> any TrainableDenoiser {
    throw TensorError("images", "there is nothing to train")
  }
}

/// A reward made from a recipe's section.
func reward(_ section: String, prompts: [String] = []) throws -> any ImageFileReward {
  let reader = SettingsReader(try YAMLNode.parse(section))
  let name = try #require(try YAMLNode.parse(section).mapping().first { $0.name == "kind" }).value.string()
  _ = reader.string("kind", "")
  let plugin = try #require(Catalog.shipped().rewards.first { $0.name == name })
  let make = plugin.read(reader)
  try reader.finish()
  return try #require(
    make(PluginContext(device: .cpu, seed: 0, backbone: ImagesBackbone(prompts))) as? any ImageFileReward)
}

func expected(_ folder: String, _ name: String) throws -> Tensor {
  try SafetensorsFile("\(fixtures)/\(folder)/expected.safetensors").tensor(name)
}

/// Pixels of 8 bits as CLIP's networks see them.
func normalized(_ pixels: Tensor) throws -> Tensor {
  let processing = CLIPImageProcessing(size: 28, .torchvisionCrop)
  func channels(_ values: [Double]) throws -> Tensor { try Tensor(values, shape: [3, 1, 1]).to(.float32) }
  return try (pixels.to(.float32) / 255 - channels(processing.mean)) / channels(processing.std)
}

/// The images and texts of make_clip_model.py.
func pictures() throws -> (pictures: [Tensor], texts: [String]) {
  let file = try SafetensorsFile("\(fixtures)/pictures.safetensors")
  let texts = try JSONDecoder().decode(
    [String].self, from: Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/texts.json")))
  return (try texts.indices.map { try file.tensor("picture.\($0)") }, texts)
}
