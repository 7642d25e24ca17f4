import Tensors

/// A named leaf of a network: a tensor that an optimizer may update.
public final class Parameter {
  /// Its name in the checkpoint: "down_blocks.0.resnets.1.conv1.weight".
  public let name: String
  /// In a sharded network only this rank's rows, except while its block runs.
  public internal(set) var value: Tensor
  /// The shape of the whole parameter.
  public let shape: [Int]
  /// Among whom it is divided; nil if it is whole.
  let sharding: Sharding?
  /// This rank's rows; nil if it is whole.
  public var shard: Shard? { sharding?.shard(of: shape) }
  /// The block that gathers its rows, if it is sharded.
  weak var block: Block?
  /// A low-rank update on top of the frozen value, see `LoRA`.
  public internal(set) var adapter: LoRA.Adapter?
  /// Whether its layer applies an adapter.
  var takesAdapter = false
  /// Whether the tensor belongs to another network, see `ParameterStore.Source.shared`.
  public let isShared: Bool
  /// Whether it was added to the network that a checkpoint holds: it is trained whatever else is.
  public let isAdded: Bool

  /// - Parameter shape: of the whole; nil is the value's own.
  init(
    name: String, value: Tensor, shape: [Int]? = nil, sharding: Sharding? = nil, isShared: Bool = false,
    isAdded: Bool = false
  ) {
    self.name = name
    self.value = value
    self.shape = shape ?? value.shape
    self.sharding = sharding
    self.isShared = isShared
    self.isAdded = isAdded
  }

  public var isTrainable: Bool { value.requiresGrad }

  /// The whole value, without its graph; a sharded one is gathered, which all ranks do, or the first alone.
  public func whole() throws -> Tensor { try block?.whole(self) ?? value.detached() }

  /// The number of elements of the whole parameter.
  public var count: Int { shape.reduce(1, *) }

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
