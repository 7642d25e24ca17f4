import Networks
import Tensors

/// What is trained from nothing before any distillation: a network and its loss on real data.
public protocol PretrainingTask {
  /// What a plugin makes and the task trains.
  associatedtype Product
  associatedtype Settings

  /// How its recipes are read.
  static var schema: PretrainingSchema<Product> { get }
  /// Reads the task's settings from the section `training`.
  static func settings(_ s: SettingsReader) -> Settings

  /// - Parameter seed: of the network's weights.
  init(_ product: Product, _ settings: Settings, seed: Int) throws

  var parameters: ParameterStore { get }
  /// What the weight file must say to be read back.
  var metadata: [String: String] { get }

  /// The loss of one batch, a scalar with its graph.
  ///
  /// - Parameters:
  ///   - samples: [B, ...] with their condition.
  ///   - step: counted from 0; random numbers are a function of it.
  func loss(_ samples: Tensor, given condition: Condition, step: Int, noise: Noise) throws -> Tensor
}

/// What is particular to the recipes of one task.
public struct PretrainingSchema<Product> {
  /// What is trained, for errors: "teacher".
  let role: String
  /// The section that names the plugin, and what it says.
  let key: String
  let meaning: String
  let plugins: KeyPath<Catalog, [Plugin<Product>]>
  let data: String
  /// What test data are; nil if the task needs none.
  let test: String?
  let output: String
  let betas: [Double]
  /// Whether an average of the weights is kept and written.
  let isAveraged: Bool
}
