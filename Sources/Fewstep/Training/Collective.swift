import Files
import Foundation
import Tensors

/// The processes that train one student together. Each has all networks, and trains its part of every batch.
///
/// Laws:
/// - After a call, its results are the same on every rank, bit for bit.
/// - All ranks make the same calls in the same order. A call returns when all ranks have made it.
/// - A failure reaches all: if one rank aborts, the calls of the others throw.
public protocol Collective: AnyObject {
  /// 0..<`count`. Rank 0 writes the run's files.
  var rank: Int { get }
  var count: Int { get }

  /// Adds up the ranks' tensors in place. They must have the same shapes in the same order.
  func sum(_ tensors: [Tensor]) throws

  /// Copies one rank's tensors into the others', in place.
  func broadcast(_ tensors: [Tensor], from rank: Int) throws

  /// Collects the values [batch, ...] of a whole batch from each rank's rows [range.count, ...]. The ranges partition
  /// the batch.
  func gather(_ rows: Tensor, _ range: Range<Int>, of batch: Int) throws -> Tensor

  /// Returns the first rank's decision on every rank.
  func agree(_ decision: Int) throws -> Int

  /// Ends the group because of an error on this rank, so that no other rank waits for it.
  func abort(_ error: any Error)
}

/// One process alone.
public final class Single: Collective {
  public init() {}

  public var rank: Int { 0 }
  public var count: Int { 1 }
  public func sum(_ tensors: [Tensor]) {}
  public func broadcast(_ tensors: [Tensor], from rank: Int) {}
  public func gather(_ rows: Tensor, _ range: Range<Int>, of batch: Int) -> Tensor { rows }
  public func agree(_ decision: Int) -> Int { decision }
  public func abort(_ error: any Error) {}
}

extension Collective {
  /// Adds up the ranks' numbers.
  func sum(_ numbers: [Double]) throws -> [Double] {
    guard count > 1 else { return numbers }
    let tensor = try Tensor(numbers)
    try sum([tensor])
    return try tensor.doubles()
  }

  /// The parts of a batch that this rank trains.
  func share(of parts: [Range<Int>]) -> [Range<Int>] {
    let size = parts.count / count
    return Array(parts[rank * size..<(rank + 1) * size])
  }

  /// Runs `body` on the first rank; nil on the others.
  func onFirst<R>(_ body: () throws -> R) rethrows -> R? { rank == 0 ? try body() : nil }

  /// Makes a value on the first rank, and returns it on all of them once it is made.
  package func fromFirst<Value: Codable>(_ make: () throws -> Value) throws -> Value {
    guard count > 1 else { return try make() }
    let made = try onFirst(make)
    let text = try made.map { try JSONEncoder.pretty.encode($0) } ?? Data()
    let length = try agree(text.count)
    let bytes = try Tensor(rank == 0 ? text.map(Int.init) : Array(repeating: 0, count: length))
    try broadcast([bytes], from: 0)
    return try made ?? JSONDecoder.pretty.decode(Value.self, from: Data(bytes.integers().map(UInt8.init)))
  }

  /// Runs `body`; an error in it ends the group.
  package func aborting<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch {
      abort(error)
      throw error
    }
  }
}
