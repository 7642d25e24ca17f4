import Foundation
import Tensors

/// Threads that work at parts of one batch, each with networks of its own on a device of its own, and add up what they found.
///
/// Every replica gets the same sum, bit for bit, in the same order of additions whoever comes first: so replicas that began
/// alike stay alike, and nothing has to be sent around but gradients.
///
/// Variables are touched under `condition`, others' tensors between two meetings.
final class Replicas: @unchecked Sendable {
  let count: Int
  private let condition = NSCondition()
  private var waiting = 0
  private var meeting = 0
  private var failure: ReplicaError?
  private var offers: [[Tensor]]

  init(_ count: Int) {
    self.count = count
    offers = Array(repeating: [], count: count)
  }

  /// Waits until all are here.
  ///
  /// - Throws: `ReplicaError` where one has failed, here or later.
  func meet() throws {
    condition.lock()
    defer { condition.unlock() }
    let mine = meeting
    waiting += 1
    if waiting == count {
      (waiting, meeting) = (0, meeting + 1)
      condition.broadcast()
    }
    while meeting == mine, failure == nil { condition.wait() }
    if let failure { throw failure }
  }

  /// Lets nobody wait for a replica that will not come.
  func fail(_ rank: Int, _ error: any Error) {
    condition.lock()
    defer { condition.unlock() }
    if failure == nil { failure = error as? ReplicaError ?? ReplicaError(rank: rank, cause: error) }
    condition.broadcast()
  }

  /// Adds all replicas' tensors, which have the same shapes in the same order, in place. Each tensor's sum is made on the
  /// device of one of them: the work and the traffic are dealt out.
  func sum(_ tensors: [Tensor], by rank: Int) throws {
    offer(tensors, by: rank)
    try meet()
    guard offers.allSatisfy({ $0.count == tensors.count }) else {
      throw ReplicaError(rank: rank, cause: TensorError("sum", "replicas offer \(offers.map(\.count)) tensors"))
    }
    try noGrad {
      for index in stride(from: rank, to: tensors.count, by: count) {
        let device = tensors[index].device
        var total = try offers[0][index].to(device)
        for other in offers.dropFirst() { total = try total + other[index].to(device) }
        for offer in offers { try offer[index].copy(from: total) }
      }
    }
    try meet()
    // Gradients are large, and their owners are about to drop them.
    offer([], by: rank)
  }

  private func offer(_ tensors: [Tensor], by rank: Int) {
    condition.lock()
    defer { condition.unlock() }
    offers[rank] = tensors
  }
}

/// A trainer's place among others that share its batch.
struct Replica {
  let rank: Int
  let team: Replicas?

  /// The only one.
  static let alone = Replica(rank: 0, team: nil)

  var count: Int { team?.count ?? 1 }
  /// The one that keeps the averaged student and writes everything down.
  var leads: Bool { rank == 0 }

  /// What of a batch's parts is this replica's.
  func share(of parts: [Range<Int>]) -> [Range<Int>] {
    let size = parts.count / count
    return Array(parts[rank * size..<(rank + 1) * size])
  }

  /// Adds the others' to these, in place.
  func sum(_ tensors: [Tensor]) throws { try team?.sum(tensors, by: rank) }

  func sum(_ numbers: [Double]) throws -> [Double] {
    guard let team else { return numbers }
    let tensor = try Tensor(numbers)
    try team.sum([tensor], by: rank)
    return try tensor.doubles()
  }

  /// The values [batch] of all samples from everybody's [n], in the batch's order.
  func gathered(_ values: Tensor, _ range: Range<Int>, of batch: Int) throws -> Tensor {
    guard team != nil else { return values }
    let all = try Tensor.zeros([batch] + values.shape.dropFirst(), values.dtype, on: values.device)
    try all.rows(range).copy(from: values)
    try sum([all])
    return all
  }
}

/// One of several replicas has failed, and with it the step.
public struct ReplicaError: ExitCoded, CustomStringConvertible {
  public var exitCode: Int32 { Failure.Kind.software.rawValue }
  let rank: Int
  let cause: any Error

  public var description: String { "replica \(rank): \(cause)" }
}
