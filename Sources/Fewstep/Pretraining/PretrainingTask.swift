import Networks
import Tensors

/// A training from scratch before any distillation: a network and its loss on real data.
public protocol PretrainingTask {
  /// The type that a plugin makes and the task trains.
  associatedtype Product
  associatedtype Settings

  /// The layout of its recipes.
  static var schema: PretrainingSchema<Product> { get }
  /// Reads the task's settings from the section `training`.
  static func settings(_ s: SettingsReader) -> Settings

  /// - Parameter seed: the seed of the network's weights.
  init(_ product: Product, _ settings: Settings, seed: Int) throws

  var parameters: ParameterStore { get }
  /// The metadata that the weight file needs to be read back.
  var metadata: [String: String] { get }

  /// The loss of one batch, a scalar with its graph.
  ///
  /// - Parameters:
  ///   - samples: [B, ...] with their condition.
  ///   - step: counted from 0; random numbers are a function of it.
  func loss(_ samples: Tensor, given condition: Condition, step: Int, noise: Noise) throws -> Tensor
}

/// The parts of a recipe that differ between tasks.
public struct PretrainingSchema<Product> {
  /// The name of the trained network, for errors: "teacher".
  let role: String
  /// The section that names the plugin, and its description.
  let key: String
  let meaning: String
  let plugins: KeyPath<Catalog, [Plugin<Product>]>
  let data: String
  /// The description of the test data; nil if the task needs none.
  let test: String?
  let output: String
  let betas: [Double]
  /// Whether an average of the weights is kept and written.
  let isAveraged: Bool
}
