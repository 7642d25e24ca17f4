import Tensors

/// A named leaf of a network: a tensor that an optimizer may update.
public final class Parameter {
  /// Its name in the checkpoint: "down_blocks.0.resnets.1.conv1.weight".
  public let name: String
  public internal(set) var value: Tensor
  /// A low-rank update on top of the frozen value, see `LoRA`.
  public internal(set) var adapter: LoRA.Adapter?
  /// Whether its layer applies an adapter.
  var takesAdapter = false
  /// Whether the tensor belongs to another network, see `ParameterStore.Source.shared`.
  public let isShared: Bool
  /// Whether it was added to the network that a checkpoint holds: it is trained whatever else is.
  public let isAdded: Bool

  init(name: String, value: Tensor, isShared: Bool = false, isAdded: Bool = false) {
    self.name = name
    self.value = value
    self.isShared = isShared
    self.isAdded = isAdded
  }

  public var isTrainable: Bool { value.requiresGrad }

  public func setTrainable(_ trainable: Bool) throws { try value.requiringGrad(trainable) }
}

/// The initial value of a parameter without a checkpoint.
public enum Initializer: Sendable {
  case zeros
  case ones
  /// Uniform in ±bound.
  case uniform(Double)
  case normal(std: Double)

  /// PyTorch's default for linear and convolution layers: uniform in ±1/sqrt(fan in).
  public static func fanIn(_ fanIn: Int) -> Initializer { .uniform(1 / Double(fanIn).squareRoot()) }
}
