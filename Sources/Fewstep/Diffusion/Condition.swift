import Tensors

/// What samples are conditioned on: for each sample its prompt's number and what networks read of it.
public struct Condition {
  /// The prompt (or class) of each sample: samples of one prompt form a group.
  public let prompts: [Int]
  /// By name, each [B, ...]: "class" int64 [B] for class-conditional networks, embeddings for text.
  public let tensors: [String: Tensor]

  public init(prompts: [Int], tensors: [String: Tensor]) {
    self.prompts = prompts
    self.tensors = tensors
  }

  /// Classes 0..<K; by convention class K is "none".
  public init(classes: [Int], on device: Device = .cpu) throws {
    self.init(prompts: classes, tensors: ["class": try Tensor(classes).to(device)])
  }

  public var count: Int { prompts.count }

  /// - Throws: `TensorError` when the condition has no tensor of this name.
  public func tensor(_ name: String) throws -> Tensor {
    guard let tensor = tensors[name] else {
      throw TensorError("Condition", "the network reads '\(name)', the condition has \(tensors.keys.sorted())")
    }
    return tensor
  }

  public func rows(_ range: Range<Int>) throws -> Condition {
    Condition(prompts: Array(prompts[range]), tensors: try tensors.mapValues { try $0.rows(range) })
  }

  /// This batch and then the other one.
  public func followed(by other: Condition) throws -> Condition {
    var joined = [String: Tensor]()
    for (name, tensor) in tensors { joined[name] = try concatenated([tensor, other.tensor(name)]) }
    return Condition(prompts: prompts + other.prompts, tensors: joined)
  }
}
