import Fewstep
import Foundation
import Tensors

/// One of several ranks that are threads of this process: a `Collective` for tests.
public final class MemoryCollective: Collective {
  public let rank: Int
  public let requests: Requests
  private let meeting: Meeting
  /// The collective that this one has some ranks of.
  private let whole: MemoryCollective?

  private init(rank: Int, _ meeting: Meeting, of whole: MemoryCollective? = nil) {
    (self.rank, self.meeting, self.whole) = (rank, meeting, whole)
    requests = whole?.requests ?? Requests()
  }

  public func group(of ranks: [Int]) -> any Collective {
    MemoryCollective(rank: ranks.firstIndex(of: rank)!, meeting.part(ranks), of: self)
  }

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

  public func startSum(_ tensor: Tensor) throws -> PendingTensor { try done(tensor, Self.sum) }

  public func startGather(_ piece: Tensor) throws -> PendingTensor { try done(piece) { try concatenated($0) } }

  public func startScatteredSum(_ whole: Tensor) throws -> PendingTensor {
    let (rank, size) = (rank, whole.shape[0] / count)
    return try done(whole) { try Self.sum($0.map { try $0.rows(rank * size..<(rank + 1) * size) }) }
  }

  public func broadcast(_ tensors: [Tensor], from rank: Int) throws {
    let values = try meeting.exchange(tensors, by: self.rank) { offers in try offers[rank].map { try $0.cloned() } }
    try noGrad { for (tensor, value) in zip(tensors, values) { try tensor.copy(from: value) } }
  }

  public func word(_ own: Int) throws -> Int {
    if let whole { return try whole.word(own) }
    let tensor = try Tensor([own])
    try broadcast([tensor], from: 0)
    return try tensor.integers()[0]
  }

  /// Summed in the order of the ranks, whoever arrives first: every rank gets the same bits.
  private static func sum(_ offers: [Tensor]) throws -> Tensor {
    try offers.dropFirst().reduce(offers[0].cloned()) { try $0 + $1 }
  }

  private func done(_ tensor: Tensor, _ combine: ([Tensor]) throws -> Tensor) throws -> PendingTensor {
    let result = try meeting.exchange([tensor], by: rank) { offers in [try combine(offers.map { $0[0] })] }[0]
    // As c10d, which keeps what travels until it is there.
    return PendingTensor { withExtendedLifetime(tensor) { result } }
  }

  public func abort(_ error: any Error) { whole?.abort(error) ?? meeting.fail(rank, error) }
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
  private var parts = [[Int]: Meeting]()

  init(_ count: Int) {
    self.count = count
    offers = Array(repeating: [], count: count)
  }

  /// The result of `combine` on all ranks' tensors.
  func exchange(_ tensors: [Tensor], by rank: Int, _ combine: ([[Tensor]]) throws -> [Tensor]) throws -> [Tensor] {
    offer(tensors, by: rank)
    try wait()
    guard offers.allSatisfy({ $0.count == tensors.count }) else {
      throw TensorError("collective", "the ranks offer \(offers.map(\.count)) tensors")
    }
    let results = try noGrad { try combine(offers) }
    // From here on no rank reads the offers.
    try wait()
    offer([], by: rank)
    // No rank offers new tensors before all others have taken these back.
    try wait()
    return results
  }

  /// The meeting of some ranks, the same for all of them.
  func part(_ ranks: [Int]) -> Meeting {
    condition.lock()
    defer { condition.unlock() }
    let part = parts[ranks] ?? Meeting(ranks.count)
    parts[ranks] = part
    return part
  }

  func fail(_ rank: Int, _ error: any Error) {
    condition.lock()
    defer { condition.unlock() }
    for part in parts.values { part.fail(rank, error) }
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
