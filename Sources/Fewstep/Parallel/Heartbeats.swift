import Foundation
import Processes
import Synchronization
import Tensors

/// Signs of life that the ranks leave in their store once a second, from threads of its own, and what they say when a rank has
/// failed. A group's calls only fail; this finds out which rank was the reason.
final class Heartbeats: Sendable {
  /// A rank as the others know it: "rank 3 (node7, process 4711)".
  struct Peer: Codable, Sendable {
    let rank: Int
    let host: String
    let process: Int32

    var name: String { "rank \(rank) (\(host), process \(process))" }
  }

  private struct Beat {
    var text = ""
    var calls = 0
    var since = ContinuousClock.now
    /// Its operators so far, and since when they are no more.
    var work = 0
    var idleSince = ContinuousClock.now
  }

  private struct State {
    var calls = 0
    var beats: [Beat]
    /// When the store last answered.
    var exchanged = ContinuousClock.now
    var failure: (any ExitCoded)?
    var isOver = false
  }

  private let peers: [Peer]
  private let rank: Int
  private let store: ProcessStore
  /// Who serves the store: the first rank, or the launcher.
  private let storeServer: String
  /// Seconds without a sign of life after which a rank is given up.
  private let timeout: Double
  private let work: @Sendable () -> Int
  private let state: Mutex<State>
  /// Seconds between two looks at a rank.
  private var interval: Int { 1 + peers.count / 32 }

  /// - Parameters:
  ///   - store: a connection of its own.
  ///   - isLaunchers: whether the launcher serves the store, and not the first rank.
  ///   - work: a number that grows while this rank does something.
  init(
    _ peers: [Peer], rank: Int, in store: ProcessStore, isLaunchers: Bool, timeout: Double,
    work: @escaping @Sendable () -> Int = operatorCount
  ) {
    (self.peers, self.rank, self.store, self.timeout, self.work) = (peers, rank, store, timeout, work)
    storeServer = isLaunchers ? "the launcher" : peers[0].name
    state = Mutex(State(beats: peers.map { _ in Beat() }))
    Thread { [self] in exchange() }.start()
    Thread { [self] in watch() }.start()
  }

  /// This rank as the others know it.
  var name: String { peers[rank].name }

  /// Counts a call of the group: who hangs has made fewer.
  func beginCall() { state.withLock { $0.calls += 1 } }

  /// No rank waits for this one's signs of life any more.
  func end() { state.withLock { $0.isOver = true } }

  /// What another rank has told, if it has failed.
  var failure: (any ExitCoded)? { state.withLock { $0.failure } }

  /// Gives up a rank that works alone, such as on an evaluation, once it has begun no operator for the timeout: it hangs, although
  /// its signs of life go on. Who waits for others must not be asked about.
  func checkWork(of rank: Int) throws {
    let isIdle = state.withLock { ContinuousClock.now - $0.beats[rank].idleSince > .seconds(timeout) }
    guard isIdle else { return }
    fail(
      Self.failure(
        at: peers[rank].name, "it hangs: for \(Int(timeout)) s it has done nothing, and the others wait for it"))
    if let failure { throw failure }
  }

  /// Tells the others why this rank ends, unless they told it.
  func tell(_ error: any Error) {
    if failure == nil { RankFailure.tell(error, of: rank, in: store) }
  }

  /// The reason of an error in a call of the group: another rank's failure, silence or delay; or the error itself.
  func explanation(of error: any Error) -> any Error {
    let patience = Double(3 * interval + 2)
    let deadline = ContinuousClock.now + .seconds(patience + 3)
    while ContinuousClock.now < deadline {
      if let failure { return failure }
      if let silent = silent(for: patience) {
        fail(
          Self.failure(at: silent, "it gives no sign of life: it hangs, was killed, or its machine or network is gone"))
      }
      usleep(200_000)
    }
    if "\(error)".localizedCaseInsensitiveContains("time"), let late {
      fail(Self.failure(at: late.name, "it hangs: for \(Int(timeout)) s the others have waited for its next call"))
    }
    return failure ?? Failure(.io, at: peers[rank].name, "the processes have lost each other: \(error)")
  }

  private static func failure(at place: String, _ problem: String) -> Failure {
    Failure(
      .io, at: place, problem,
      advice: "Start the run again as before with --auto-resume: it goes on from its last checkpoint, if there is one.")
  }

  // MARK: The threads

  private func exchange() {
    var tick = 0
    while !state.withLock({ $0.isOver }) {
      tick += 1
      do {
        let isStopping = Signals.isRequested ? 1 : 0
        try store.set("beat/\(rank)", "\(tick) \(state.withLock { $0.calls }) \(work()) \(isStopping)")
        if let told = try RankFailure(in: store), told.rank != rank, peers.indices.contains(told.rank) {
          fail(told.error(of: peers[told.rank].name))
        }
        // Some at a time: there may be many.
        for peer in peers where peer.rank != rank && peer.rank % interval == tick % interval { try look(at: peer) }
        state.withLock { $0.exchanged = .now }
      } catch {
        fail(
          Self.failure(at: storeServer, "the store that it serves is gone: it was killed, or its machine or network is")
        )
      }
      sleep(1)
    }
  }

  /// Ends this process if a call does not return although a rank has failed: it holds its GPU, and its launcher waits for it.
  /// Never waits for the store itself, which may be what does not answer.
  private func watch() {
    var knownSince: ContinuousClock.Instant?
    while !state.withLock({ $0.isOver }) {
      if let silent = silent(for: max(timeout, Double(3 * interval))) {
        fail(Self.failure(at: silent, "it has given no sign of life for \(Int(timeout)) s"))
      }
      if let failure {
        let since = knownSince ?? .now
        knownSince = since
        if ContinuousClock.now - since > .seconds(10) {
          FileHandle.standardError.write(Data("rank \(rank): error: \(failure)\n".utf8))
          _exit(failure.exitCode)
        }
      }
      sleep(1)
    }
  }

  private func fail(_ failure: any ExitCoded) {
    state.withLock { if !$0.isOver, $0.failure == nil { $0.failure = failure } }
  }

  private func look(at peer: Peer) throws {
    guard let text = try store.value("beat/\(peer.rank)", within: 1) else { return }
    state.withLock {
      guard $0.beats[peer.rank].text != text else { return }
      let numbers = text.split(separator: " ").compactMap { Int($0) }
      guard numbers.count == 4 else { return }
      // The first rank may be at work for long alone, and hears of a signal only here.
      if numbers[3] == 1 { Signals.tell() }
      let before = $0.beats[peer.rank]
      $0.beats[peer.rank] = Beat(
        text: text, calls: numbers[1], work: numbers[2], idleSince: numbers[2] == before.work ? before.idleSince : .now)
    }
  }

  /// Who has given no sign of life for so long.
  private func silent(for seconds: Double) -> String? {
    state.withLock { state in
      let now = ContinuousClock.now
      // Of the others nothing is known while the store does not answer.
      if now - state.exchanged > .seconds(seconds) { return storeServer == peers[rank].name ? nil : storeServer }
      return peers.first { $0.rank != rank && now - state.beats[$0.rank].since > .seconds(seconds) }?.name
    }
  }

  /// The rank that has made the fewest calls, if those are fewer than this one's.
  private var late: Peer? {
    state.withLock { state in
      let others = peers.filter { $0.rank != rank && state.beats[$0.rank].calls < state.calls }
      return others.min { state.beats[$0.rank].calls < state.beats[$1.rank].calls }
    }
  }
}
