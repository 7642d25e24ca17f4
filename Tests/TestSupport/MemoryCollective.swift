import Fewstep
import Foundation
import Tensors

/// One of several ranks that are threads of this process: a `Collective` for tests.
public final class MemoryCollective: Collective {
  public let rank: Int
  private let meeting: Meeting

  private init(rank: Int, _ meeting: Meeting) { (self.rank, self.meeting) = (rank, meeting) }

  /// Runs `body` once per rank, each in its own thread, and waits for all.
  ///
  /// - Returns: the value or the error of each rank, by rank.
  public static func run<R>(
    _ count: Int, _ body: @escaping @Sendable (MemoryCollective) throws -> R
  ) -> [Result<R, any Error>] {
    let meeting = Meeting(count)
    let results = Results<R>(count)
    let threads = (0..<count).map { rank in
      let thread = Thread {
        let collective = MemoryCollective(rank: rank, meeting)
        let result = Result { try collective.ending(body) }
        results.put(result, at: rank)
      }
      // The same as the main thread's: networks are deep.
      thread.stackSize = 8 << 20
      return thread
    }
    for thread in threads { thread.start() }
    return results.wait()
  }

  /// Ends the group if `body` throws, as a dying process would.
  private func ending<R>(_ body: (MemoryCollective) throws -> R) throws -> R {
    do { return try body(self) } catch {
      abort(error)
      throw error
    }
  }

  public var count: Int { meeting.count }

  public func sum(_ tensors: [Tensor]) throws {
    try meeting.exchange(tensors, by: rank) { offers in
      // Summed in the order of the ranks, whoever arrives first: every rank gets the same bits.
      try tensors.indices.map { index in
        var total = try offers[0][index].cloned()
        for offer in offers.dropFirst() { total = try total + offer[index] }
        return total
      }
    }
  }

  public func broadcast(_ tensors: [Tensor], from rank: Int) throws {
    try meeting.exchange(tensors, by: self.rank) { offers in try offers[rank].map { try $0.cloned() } }
  }

  public func gather(_ rows: Tensor, _ range: Range<Int>, of batch: Int) throws -> Tensor {
    let all = try Tensor.zeros([batch] + rows.shape.dropFirst(), rows.dtype, on: rows.device)
    try all.rows(range).copy(from: rows)
    try sum([all])
    return all
  }

  public func agree(_ decision: Int) throws -> Int {
    let tensor = try Tensor([decision])
    try broadcast([tensor], from: 0)
    return try tensor.integers()[0]
  }

  public func abort(_ error: any Error) { meeting.fail(rank, error) }
}

/// The meeting point of a group's threads. Variables are used only under `condition`, and other ranks' tensors only
/// between two meetings.
private final class Meeting: @unchecked Sendable {
  let count: Int
  private let condition = NSCondition()
  private var waiting = 0
  private var round = 0
  private var failure: Failure?
  private var offers: [[Tensor]]

  init(_ count: Int) {
    self.count = count
    offers = Array(repeating: [], count: count)
  }

  /// Replaces the values of `tensors` by the result of `combine` on all ranks' tensors.
  func exchange(_ tensors: [Tensor], by rank: Int, _ combine: ([[Tensor]]) throws -> [Tensor]) throws {
    offer(tensors, by: rank)
    try wait()
    guard offers.allSatisfy({ $0.count == tensors.count }) else {
      throw TensorError("collective", "the ranks offer \(offers.map(\.count)) tensors")
    }
    let results = try noGrad { try combine(offers) }
    // From here on no rank reads the old values.
    try wait()
    try noGrad { for (tensor, result) in zip(tensors, results) { try tensor.copy(from: result) } }
    offer([], by: rank)
    // No rank offers new tensors before all others have taken these back.
    try wait()
  }

  func fail(_ rank: Int, _ error: any Error) {
    condition.lock()
    defer { condition.unlock() }
    if failure == nil { failure = Failure(.software, at: "rank \(rank)", "\(error)") }
    condition.broadcast()
  }

  private func wait() throws {
    condition.lock()
    defer { condition.unlock() }
    if let failure { throw failure }
    let mine = round
    waiting += 1
    if waiting == count {
      (waiting, round) = (0, round + 1)
      condition.broadcast()
    }
    while round == mine, failure == nil { condition.wait() }
    if round == mine, let failure { throw failure }
  }

  private func offer(_ tensors: [Tensor], by rank: Int) {
    condition.lock()
    defer { condition.unlock() }
    offers[rank] = tensors
  }
}

/// The results of the ranks.
private final class Results<R>: @unchecked Sendable {
  private let condition = NSCondition()
  private var values: [Result<R, any Error>?]

  init(_ count: Int) { values = Array(repeating: nil, count: count) }

  func put(_ result: Result<R, any Error>, at rank: Int) {
    condition.lock()
    defer { condition.unlock() }
    values[rank] = result
    condition.broadcast()
  }

  func wait() -> [Result<R, any Error>] {
    condition.lock()
    defer { condition.unlock() }
    while values.contains(where: { $0 == nil }) { condition.wait() }
    return values.map { $0! }
  }
}
