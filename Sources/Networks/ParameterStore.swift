import Tensors

/// The parameters of one network by name, and the source of their values.
///
/// Names, optimizer groups, averages, LoRA targets and export all work on this list, without reflection.
public final class ParameterStore {
  /// The source of new parameters' values.
  public enum Source {
    /// Each parameter's initializer, as a function of (seed, name).
    case random(seed: Int)
    /// A checkpoint: returns a copy of the tensor of that name, or nil, which is an error.
    case checkpoint((String) throws -> Tensor?)
    /// Another network's frozen tensors, shared, for adapters on top: needs no memory.
    case shared(ParameterStore)
    /// Shapes without memory.
    case shapes
  }

  /// All parameters, in the order in which the layers requested them.
  public private(set) var all = [Parameter]()
  public let dtype: DType
  /// On the meta device parameters have shapes alone, whatever their source.
  public let device: Device
  /// Whether the network runs in blocks, which can be sharded.
  public var hasBlocks: Bool { !blocks.isEmpty }
  /// The network's blocks, in the order in which they run.
  private(set) var blocks = [Block]()
  /// What is gathered in advance for the block that runs next.
  var prefetched: (block: Block, pending: PendingParameters)?
  private let source: Source
  private let sharding: Sharding?
  private var index = [String: Int]()

  public init(_ source: Source, dtype: DType = .float32, device: Device = .cpu) {
    self.source = source
    self.dtype = dtype
    self.device = device
    sharding = Sharding.current
  }

  public var root: Scope { Scope(store: self, path: "") }
  public subscript(_ name: String) -> Parameter? { index[name].map { all[$0] } }
  public var trainable: [Parameter] { all.filter(\.isTrainable) }
  /// The number of elements of all parameters.
  public var count: Int { all.reduce(0) { $0 + $1.count } }
  /// The parameters that are not another network's memory.
  private var own: [Parameter] { all.filter { !$0.isShared } }
  /// Names and values, in order, as a checkpoint stores them. Shared parameters belong to their owner.
  public var state: [(name: String, tensor: Tensor)] { own.map { ($0.name, $0.value) } }

  /// - Throws: `ParameterError.shared` if a shared parameter would become trainable.
  public func setTrainable(_ trainable: Bool) throws {
    if trainable, let shared = all.first(where: \.isShared) { throw ParameterError.shared(shared.name) }
    for parameter in own { try parameter.setTrainable(trainable) }
  }

  /// Runs `body` with no parameter trainable, so that no gradient accumulates here, and then makes the same ones
  /// trainable again.
  public func frozen<R>(_ body: () throws -> R) throws -> R {
    let moving = trainable
    for parameter in moving { try parameter.setTrainable(false) }
    defer { for parameter in moving { try? parameter.setTrainable(true) } }
    return try body()
  }

  /// Copies values into the parameters of the same names.
  ///
  /// - Throws: `ParameterError` if a name is missing or a shape differs; then nothing is changed.
  public func load(_ value: (String) throws -> Tensor?) throws {
    let found = try own.map { parameter in
      guard let tensor = try value(parameter.name) else { throw ParameterError.missing(parameter.name) }
      if tensor.shape == parameter.value.shape { return tensor }
      guard tensor.shape == parameter.shape, let shard = parameter.shard else {
        throw ParameterError.shape(parameter.name, expected: parameter.shape, got: tensor.shape)
      }
      return try shard.rows(of: tensor).cloned()
    }
    try noGrad { for (parameter, tensor) in zip(own, found) { try parameter.value.copy(from: tensor) } }
  }

  /// Adds a parameter. Layers get their parameters only through this method.
  ///
  /// - Parameters:
  ///   - kept: its dtype; nil is the store's.
  ///   - block: the block that uses it, if one does.
  func make(
    _ name: String, _ shape: [Int], _ initializer: Initializer, in kept: DType?, of block: Block?
  ) throws -> Parameter {
    let parameter = try made(name, shape, initializer, in: kept ?? dtype, sharding: block == nil ? nil : sharding)
    adopt([parameter])
    block?.add(parameter)
    return parameter
  }

  private func made(
    _ name: String, _ shape: [Int], _ initializer: Initializer, in dtype: DType, sharding: Sharding?
  ) throws -> Parameter {
    // What has no rows is not worth dividing.
    let sharding = shape.isEmpty ? nil : sharding
    let shard = sharding?.shard(of: shape)
    guard index[name] == nil else { throw ParameterError.duplicate(name) }
    let value: Tensor
    switch source {
    case .shared(let owner):
      guard let parameter = owner[name] else { throw ParameterError.missing(name) }
      guard parameter.shape == shape else {
        throw ParameterError.shape(name, expected: shape, got: parameter.shape)
      }
      return Parameter(
        name: name, value: parameter.value, shape: shape, sharding: parameter.sharding, isShared: true)
    case .shapes: value = try .empty(shape, dtype, on: .meta)
    case .random where device == .meta, .checkpoint where device == .meta:
      value = try .empty(shard.map { [$0.rows.count] + shape.dropFirst() } ?? shape, dtype, on: .meta)
    case .random(let seed):
      let whole = try initializer.value(shape, name: name, seed: seed)
      value = try (shard?.rows(of: whole).cloned() ?? whole).to(dtype).to(device)
    case .checkpoint(let tensor):
      guard let tensor = try tensor(name) else { throw ParameterError.missing(name) }
      guard tensor.shape == shape else { throw ParameterError.shape(name, expected: shape, got: tensor.shape) }
      // Only these rows are read from a file that is mapped.
      value = try (shard?.rows(of: tensor) ?? tensor).to(device).to(dtype).cloned()
    }
    let resting = try sharding?.isOffloaded == true ? offloaded(value) : value
    let laidOut = try shape.count == 4 && shard == nil ? resting.channelsLast() : resting
    return Parameter(
      name: name, value: try laidOut.detached().requiringGrad(), shape: shape, sharding: sharding)
  }

  /// In the host's memory; in a plan, which counts the device's, without any.
  private func offloaded(_ value: Tensor) throws -> Tensor {
    try device == .meta ? .empty([], value.dtype, on: .meta).expanded(value.shape) : value.to(.cpu)
  }

  /// A block at this scope, after those that were made before.
  func makeBlock(_ scope: Scope) -> Block {
    let block = Block(scope, in: self, index: blocks.count)
    blocks.append(block)
    return block
  }

  /// Adds a parameter of zeros, float32, that no checkpoint has.
  func makeAdded(_ name: String, _ shape: [Int]) throws -> Parameter {
    guard index[name] == nil else { throw ParameterError.duplicate(name) }
    let value: Tensor
    if case .shapes = source {
      value = try .empty(shape, .float32, on: .meta)
    } else {
      value = try .zeros(shape, .float32, on: device)
    }
    let parameter = Parameter(name: name, value: try value.requiringGrad(), isAdded: true)
    adopt([parameter])
    return parameter
  }

  /// Adds parameters that were made elsewhere, such as adapters, to this network.
  func adopt(_ parameters: [Parameter]) {
    for parameter in parameters {
      index[parameter.name] = all.count
      all.append(parameter)
    }
  }
}

/// A path into a network's parameters: a layer named to_q gets `scope / "to_q"`.
public struct Scope {
  let store: ParameterStore
  public let path: String
  /// The dtype of the parameters below; nil is the store's.
  private var dtype: DType?
  /// The block to which the parameters below belong.
  weak var block: Block?

  init(store: ParameterStore, path: String) { (self.store, self.path) = (store, path) }

  public static func / (scope: Scope, name: some CustomStringConvertible) -> Scope {
    var inner = Scope(store: scope.store, path: scope.path.isEmpty ? "\(name)" : "\(scope.path).\(name)")
    inner.dtype = scope.dtype
    inner.block = scope.block
    return inner
  }

  /// The same scope with parameters of this dtype, whatever the store's: for layers that are computed in float32 in any
  /// precision.
  public func keeping(_ dtype: DType) -> Scope {
    var scope = self
    scope.dtype = dtype
    return scope
  }

  /// The part of the network below this scope as a block, see `Block`. Its layers are made in the block's own scope.
  public func asBlock() -> Block { store.makeBlock(self) }

  /// The parameter of this name below the scope.
  ///
  /// - Throws: `ParameterError` with the full name if the checkpoint lacks it or has another shape.
  public func parameter(_ name: String, _ shape: [Int], _ initializer: Initializer) throws -> Parameter {
    try store.make((self / name).path, shape, initializer, in: dtype, of: block)
  }

  /// A parameter of zeros, float32, that checkpoints of the network do not have. It is trained even under adapters.
  ///
  /// - Throws: `ParameterError` if there is one of this name.
  public func added(_ name: String, _ shape: [Int]) throws -> Parameter {
    try store.makeAdded((self / name).path, shape)
  }
}

/// A parameter that cannot be made, found or trained.
public enum ParameterError: ExitCoded, CustomStringConvertible {
  case missing(String)
  case duplicate(String)
  case noLayer(String)
  case shared(String)
  case shape(String, expected: [Int], got: [Int])

  public var exitCode: Int32 { Failure.Kind.malformed.rawValue }

  public var description: String {
    switch self {
    case .missing(let name): "tensor '\(name)' is not in the checkpoint"
    case .duplicate(let name): "two layers are named '\(name)'"
    case .shared(let name): "'\(name)' is another network's memory and cannot be trained"
    case .noLayer(let end): "no layer's name ends with '\(end)'"
    case .shape(let name, let expected, let got):
      "tensor '\(name)' has shape \(got), the network expects \(expected)"
    }
  }
}

extension Initializer {
  fileprivate func value(_ shape: [Int], name: String, seed: Int) throws -> Tensor {
    let stream = Noise(seed: seed).stream("parameter \(name)", step: 0)
    switch self {
    case .zeros: return try .zeros(shape)
    case .ones: return try .ones(shape)
    case .uniform(let bound): return try stream.uniform(0..<1, shape, low: -bound, high: bound)[0]
    case .normal(let std): return try stream.normal(0..<1, shape)[0] * std
    }
  }
}
