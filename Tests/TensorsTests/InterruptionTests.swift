import Synchronization
import Tensors
import Testing

@Suite struct InterruptionTests {
  private struct Stopped: Error {}

  @Test func `Work stops before the operator at which the check throws`() throws {
    let calls = Mutex(0)
    let x = try Tensor.ones([2])
    var sums = 0
    #expect(throws: Stopped.self) {
      try interruptible(by: {
        try calls.withLock {
          $0 += 1
          if $0 == 4 { throw Stopped() }
        }
      }) {
        // The first check is before the work.
        for _ in 0..<10 {
          _ = try x + x
          sums += 1
        }
      }
    }
    #expect(sums == 2)
    // Afterwards nothing checks.
    _ = try x + x
    #expect(calls.withLock { $0 } == 4)
  }
}
