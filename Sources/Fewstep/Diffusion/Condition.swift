import Tensors

/// The condition of a batch of samples: each sample's prompt ID, and the tensors that networks read.
public struct Condition {
  /// The ID of each sample's prompt (or class). Samples of one prompt form a group.
  public let promptIDs: [Int]
  /// Tensors by name, each [B, ...]: "class" int64 [B] for class-conditional networks, embeddings for text.
  public let tensors: [String: Tensor]

  public init(promptIDs: [Int], tensors: [String: Tensor]) {
    self.promptIDs = promptIDs
    self.tensors = tensors
  }

  /// Classes 0..<K; by convention class K means "no class".
  ///
  /// - Parameter promptIDs: nil uses the classes themselves.
  public init(classes: [Int], promptIDs: [Int]? = nil, on device: Device = .cpu) throws {
    self.init(promptIDs: promptIDs ?? classes, tensors: ["class": try Tensor(classes).to(device)])
  }

  public var count: Int { promptIDs.count }

  /// - Throws: `TensorError` if the condition has no tensor of this name.
  public func tensor(_ name: String) throws -> Tensor {
    guard let tensor = tensors[name] else {
      throw TensorError("Condition", "the network reads '\(name)', the condition has \(tensors.keys.sorted())")
    }
    return tensor
  }

  public func rows(_ range: Range<Int>) throws -> Condition {
    Condition(promptIDs: Array(promptIDs[range]), tensors: try tensors.mapValues { try $0.rows(range) })
  }

  /// The tensor that tells a network which of the student's steps made each sample: int64 [B], positions in the list of steps.
  public static let studentStep = "student-step"

  /// The same condition for samples that the student made in this step of its list.
  public func told(step: Int, on device: Device) throws -> Condition {
    let steps = try Tensor(Array(repeating: step, count: count)).to(device)
    return Condition(promptIDs: promptIDs, tensors: tensors.merging([Self.studentStep: steps]) { $1 })
  }

  /// This batch followed by the other one.
  public func followed(by other: Condition) throws -> Condition {
    var joined = [String: Tensor]()
    for (name, tensor) in tensors { joined[name] = try concatenated([tensor, other.tensor(name)]) }
    return Condition(promptIDs: promptIDs + other.promptIDs, tensors: joined)
  }
}
