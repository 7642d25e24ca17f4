import Files
import Foundation
import Processes
import Tensors

/// Processes that libtorch's c10d joins: Gloo on CPUs, NCCL on CUDA.
public final class TorchCollective: Collective {
  public let rank: Int
  public let count: Int
  public let requests: Requests
  private let store: ProcessStore
  /// Makes a group of some ranks.
  private let open: (_ name: String, _ rank: Int, _ count: Int) throws -> ProcessGroup
  /// Made last, once all ranks have agreed.
  private var group: ProcessGroup!
  /// The collective that this one has some ranks of.
  private let whole: TorchCollective?
  private let heartbeats: Heartbeats
  private let servesStore: Bool
  private var wordCount = 0
  private var hasLeft = false

  /// What a rank tells the others before the first step.
  private struct Greeting: Codable {
    let peer: Heartbeats.Peer
    /// How its terms differ from the first rank's.
    let differences: [String]
  }

  /// Seconds that the rank which serves the store leaves the others to come and read why it ends.
  private static let lastWords: UInt32 = 5

  /// Joins the processes that a launcher started.
  ///
  /// - Parameters:
  ///   - device: where this rank's tensors are.
  ///   - terms: what must be the same on all ranks, such as the recipe's values.
  ///   - timeout: seconds in which all must come, and after which a rank without a sign of life is given up.
  /// - Throws: `Failure` if the store is not reached, ranks are missing, or terms differ.
  public init(_ place: DistributedEnvironment, on device: Device, terms: Fingerprint, timeout: Double) throws {
    try Self.check(device)
    (rank, count, requests, whole) = (place.rank, place.count, Requests(), nil)
    let address = "\(place.host):\(place.port)"
    servesStore = place.rank == 0 && !place.hasAgentStore
    do {
      store = try Self.store(place, serves: servesStore, within: timeout)
    } catch let error as TensorError {
      throw Failure(
        .io, at: "rank \(rank) of \(count)",
        servesStore
          ? "it cannot serve the store at \(address): \(error.reason)"
          : "it does not reach the first rank's store at \(address) within \(Int(timeout)) s: \(error.reason)",
        advice: "Is MASTER_ADDR the first rank's machine, and is MASTER_PORT free and open there?")
    }
    let store = store
    open = { name, rank, count in
      try ProcessGroup(
        named: name, in: store, rank: rank, count: count, isLocal: place.isLocal, on: device, timeout: timeout)
    }
    let terms = terms.merging(["libtorch": Runtime.version, "fewstep": Release.version, "processes": "\(count)"])
    let peer = Heartbeats.Peer(rank: rank, host: ProcessInfo.processInfo.hostName, process: getpid())
    let greetings: [Greeting]
    do { greetings = try Self.greet(peer, terms, in: store, count, within: timeout) } catch let error as TensorError {
      throw Failure(
        .io, at: peer.name, "the store at \(address) is gone before all ranks have come: \(error.reason)",
        advice: "What do the first rank and the launcher say?")
    } catch {
      RankFailure.tell(error, of: rank, in: store)
      if servesStore { sleep(Self.lastWords) }
      throw error
    }
    heartbeats = Heartbeats(
      greetings.map(\.peer), rank: rank, in: try store.connection(), isLaunchers: place.hasAgentStore, timeout: timeout)
    do {
      try Self.refuseOtherTerms(greetings)
    } catch {
      // Every rank finds the same by itself.
      leave()
      throw error
    }
    try connect(as: "fewstep")
  }

  private init(_ ranks: [Int], of whole: TorchCollective) throws {
    (rank, count) = (ranks.firstIndex(of: whole.rank)!, ranks.count)
    (requests, store, heartbeats, open) = (whole.requests, whole.store, whole.heartbeats, whole.open)
    (servesStore, self.whole) = (false, whole)
    try connect(as: "fewstep-\(ranks[0])-\(ranks[count - 1])-\(count)")
  }

  public func group(of ranks: [Int]) throws -> any Collective { try TorchCollective(ranks, of: self) }

  private func connect(as name: String) throws {
    do { group = try open(name, rank, count) } catch let error as TensorError {
      let failure =
        heartbeats.failure
        ?? Failure(
          .io, at: heartbeats.name, "it cannot connect to the other ranks: \(error.reason)",
          advice: "Name the network interface between the machines in GLOO_SOCKET_IFNAME (NCCL_SOCKET_IFNAME for GPUs)."
        )
      abort(failure)
      throw failure
    }
  }

  /// Tells the other ranks that this one ends before it has joined them, such as because of its recipe.
  public static func decline(_ place: DistributedEnvironment, _ error: any Error) {
    guard ProcessGroup.isAvailable else { return }
    let serves = place.rank == 0 && !place.hasAgentStore
    guard let store = try? store(place, serves: serves, within: 10) else { return }
    RankFailure.tell(error, of: place.rank, in: store)
    if serves { sleep(lastWords) }
  }

  private static func store(
    _ place: DistributedEnvironment, serves: Bool, within timeout: Double
  ) throws -> ProcessStore {
    try requireName(place.host)
    do {
      return try .reached(
        host: place.host, port: place.port, serves: serves, timeout: timeout, prefix: "fewstep-\(place.restarts)")
    } catch let error as TensorError {
      // c10d's own words name neither.
      if error.reason.contains("EADDRINUSE") { throw TensorError(error.operation, "another program uses the port") }
      if error.reason.contains("Ping failed") {
        throw TensorError(error.operation, "nothing there answers as a store does")
      }
      throw error
    }
  }

  private static func requireName(_ host: String) throws {
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, nil, nil, &found)
    guard status == 0 else {
      throw TensorError("store at \(host)", "the name cannot be resolved (\(String(cString: gai_strerror(status))))")
    }
    freeaddrinfo(found)
  }

  /// - Throws: what a rank told that has ended before joining.
  private static func checkDeclined(_ store: ProcessStore, besides rank: Int) throws {
    guard let told = try RankFailure(in: store), told.rank != rank else { return }
    throw told.error(of: "rank \(told.rank)")
  }

  private static func check(_ device: Device) throws {
    if let absence = ProcessGroup.absence {
      throw Failure(.missing, at: "several processes", absence.problem, advice: absence.advice)
    }
    if case .cuda = device, !ProcessGroup.hasNCCL {
      throw Failure(
        .missing, at: "several processes on CUDA", "this build has no NCCL",
        advice: "Build with a CUDA libtorch and its NCCL headers, see docs/processes.md.")
    }
  }

  /// Compares the terms with the first rank's, and waits for all others' greetings.
  private static func greet(
    _ peer: Heartbeats.Peer, _ terms: Fingerprint, in store: ProcessStore, _ count: Int, within timeout: Double
  ) throws -> [Greeting] {
    let deadline = ContinuousClock.now + .seconds(timeout)
    if peer.rank == 0 { try store.set("terms", JSONEncoder.prettyText(terms)) }
    func value(_ key: String) throws -> String? {
      repeat {
        try checkDeclined(store, besides: peer.rank)
        try checkInterruption()
        if let text = try store.value(key, within: min(2, max(0.1, (deadline - .now) / .seconds(1)))) { return text }
      } while ContinuousClock.now < deadline
      return nil
    }
    let first = try value("terms").map {
      try JSONDecoder.pretty.decode(Fingerprint.self, from: Data($0.utf8))
    }
    if let text = try store.value("greeting/\(peer.rank)", within: 0.001) {
      let other = try JSONDecoder.pretty.decode(Greeting.self, from: Data(text.utf8)).peer
      throw Failure(
        .malformed, at: peer.name, "another process came with the same rank: \(other.name)",
        advice: "Give each process a rank of its own, and each run a MASTER_PORT of its own.")
    }
    let own = Greeting(peer: peer, differences: first.map { terms.differences(from: $0) } ?? [])
    try store.set("greeting/\(peer.rank)", JSONEncoder.prettyText(own))
    var missing = [Int]()
    let greetings = try (0..<count).compactMap { rank -> Greeting? in
      guard let text = try value("greeting/\(rank)") else {
        missing.append(rank)
        return nil
      }
      return try JSONDecoder.pretty.decode(Greeting.self, from: Data(text.utf8))
    }
    guard missing.isEmpty else {
      throw Failure(
        .io, at: peer.name,
        "\(missing.count == 1 ? "rank" : "ranks") \(missing.map { "\($0)" }.joined(separator: ", ")) of \(count) did not come within \(Int(timeout)) s",
        advice: "Were all started, with the same MASTER_ADDR, MASTER_PORT and number of processes?")
    }
    return greetings
  }

  private static func refuseOtherTerms(_ greetings: [Greeting]) throws {
    guard let other = greetings.first(where: { !$0.differences.isEmpty }) else { return }
    throw Failure(
      .malformed, at: other.peer.name,
      "it was not started as rank 0 was:\n" + other.differences.map { "  \($0)" }.joined(separator: "\n"),
      advice: "Give all ranks the same recipe, options and libtorch.")
  }

  public func startSum(_ tensor: Tensor) throws -> PendingTensor { try started { try group.sum(tensor) } }
  public func startGather(_ piece: Tensor) throws -> PendingTensor { try started { try group.gather(piece) } }
  public func startScatteredSum(_ whole: Tensor) throws -> PendingTensor {
    try started { try group.scatterSum(whole) }
  }

  public func broadcast(_ tensors: [Tensor], from rank: Int) throws {
    try noGrad {
      for tensor in tensors {
        let sent = try started { try group.broadcast(tensor, from: rank) }.wait()
        if rank != self.rank { try tensor.copy(from: sent) }
      }
    }
  }

  /// Through the store, not the group: the first rank may evaluate for hours between two words.
  public func word(_ own: Int) throws -> Int {
    if let whole { return try whole.word(own) }
    wordCount += 1
    let key = "word/\(wordCount)"
    let word = try explaining {
      if rank == 0 {
        try store.set(key, "\(own)")
        try store.remove("word/\(wordCount - 2 * Self.wordsUntilAllMeet)")
        return own
      }
      while true {
        if let text = try store.value(key, within: 5) { return Int(text) ?? 0 }
        if let failure = heartbeats.failure { throw failure }
        try heartbeats.checkWork(of: 0)
      }
    }
    // Ranks of other copies hear the first without ever meeting it. None may fall so far behind that its words are gone.
    if wordCount.isMultiple(of: Self.wordsUntilAllMeet) { _ = try uninterrupted { try sum([0]) } }
    return word
  }

  private static let wordsUntilAllMeet = 500

  public func abort(_ error: any Error) {
    if let whole { return whole.abort(error) }
    heartbeats.tell(error)
    leave()
  }

  /// Ends this rank's part. The rank that serves the store waits until the others need it no more.
  public func leave() {
    guard !hasLeft else { return }
    hasLeft = true
    // Who is lost does not say goodbye, nor does a store that is gone take one.
    let isLost = heartbeats.failure != nil
    defer { heartbeats.end() }
    try? store.set("left/\(rank)", "")
    guard servesStore else { return }
    let deadline = ContinuousClock.now + .seconds(isLost ? 3 : 10)
    for other in 1..<count {
      let rest = (deadline - .now) / .seconds(1)
      guard rest > 0, (try? store.value("left/\(other)", within: rest)) != nil else { return }
    }
  }

  private func started(_ start: () throws -> PendingTensor) throws -> PendingTensor {
    heartbeats.beginCall()
    let pending = try explaining(start)
    return PendingTensor { [self] in try explaining { try pending.wait() } }
  }

  private func explaining<R>(_ call: () throws -> R) throws -> R {
    do { return try call() } catch let error as TensorError where !error.isOutOfMemory {
      throw heartbeats.explanation(of: error)
    }
  }
}
