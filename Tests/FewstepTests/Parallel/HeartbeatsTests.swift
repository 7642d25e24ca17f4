import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Fewstep

struct HeartbeatsTests {
  private final class Work: Sendable {
    let count = Atomic(0)
    let isOver = Atomic(false)
  }

  @Test(.enabled(if: ProcessGroup.isAvailable))
  func `A rank that begins no operator is given up although its signs of life go on, and one that works is not`() throws
  {
    let port = Int.random(in: 20_000..<29_000)
    func store(serving: Bool) throws -> ProcessStore {
      try ProcessStore(host: "127.0.0.1", port: port, serves: serving, timeout: 10, prefix: "test")
    }
    let peers = (0..<2).map { Heartbeats.Peer(rank: $0, host: "here", process: 100 + Int32($0)) }
    let (served, other) = (try store(serving: true), try store(serving: false))
    let work = Work()
    let first = Heartbeats(peers, rank: 0, in: served, isLaunchers: false, timeout: 4) {
      work.isOver.load(ordering: .relaxed) ? 5 : work.count.wrappingAdd(1, ordering: .relaxed).newValue
    }
    let second = Heartbeats(peers, rank: 1, in: other, isLaunchers: false, timeout: 4)
    defer { for heartbeats in [first, second] { heartbeats.end() } }
    usleep(6_000_000)
    try second.checkWork(of: 0)
    work.isOver.store(true, ordering: .relaxed)
    usleep(7_000_000)
    let failure = #expect(throws: Failure.self) { try second.checkWork(of: 0) }
    #expect(
      failure.map { "\($0)".contains("rank 0 (here, process 100): it hangs: for 4 s") } == true, "\(failure as Any)")
    #expect(failure?.exitCode == 74)
  }
}
