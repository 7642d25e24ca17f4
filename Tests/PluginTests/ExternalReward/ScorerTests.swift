import Fewstep
import Foundation
import Tensors
import TestSupport
import Testing

@testable import ExternalReward

/// The handling of scorers that misbehave.
@Suite struct ScorerTests {
  /// Scores five images in requests of one.
  private func asked(
    _ command: [String], _ log: Log = Log(), change: (inout Scorer.Settings) -> Void = { _ in }
  ) throws -> Tensor {
    let x = try pixels([5, 3, 2, 2])
    return try reward(command, batch: 1, log, change: change).score(x, pixels: x, given: condition(5))
  }
  private func means() throws -> Tensor { try pixels([5, 3, 2, 2]).reshaped([5, -1]).mean([1]) }

  @Test func `A scorer sees the GPU of its process, and one that the process sees`() {
    let name = "CUDA_VISIBLE_DEVICES"
    #expect(Scorer.visibleDevices(.cpu, [:]).isEmpty)
    #expect(Scorer.visibleDevices(.cuda(3), [:]) == [name: "3"])
    #expect(Scorer.visibleDevices(.cuda(1), [name: "4,6"]) == [name: "6"])
    #expect(Scorer.visibleDevices(.cuda(0), [name: "GPU-8f3a"]) == [name: "GPU-8f3a"])
  }

  @Test func `Answers in another order than the requests' go to their own samples`() throws {
    let x = try pixels([4, 3, 2, 2])
    let scores = try reward(standIn("reversed"), batch: 1).score(x, pixels: x, given: condition(4))
    #expect(try largestDifference(scores, x.reshaped([4, -1]).mean([1])) < 1e-6)
  }

  @Test(arguments: [
    ("garbage", ["standard output", "Processing 3 images\\nwith 2 workers", "print to standard error"]),
    ("counts", ["scores: expected float32[1, 1]", "mean", "got float32[0, 1]"]),
    ("nan", ["its score of 'a' is nan (mean)"]),
    ("stranger", ["it answered request 99", "pending are [1, 2]"]),
    ("mute", ["expected 'scores' or 'error', got 'shrug'"]),
    ("huge", ["too long", "1152921504606846976", "expected at most"]),
    ("complains", ["it reports: a prompt of 700 tokens is too long"]),
  ])
  func `What a scorer sends that is no answer is refused, and shown`(mode: String, expected: [String]) {
    let refused = words { _ = try asked(standIn(mode)) }
    for part in ["the scorer stand-in: "] + expected { #expect(refused.contains(part), "\(part): \(refused)") }
  }

  @Test func `A gradient that has not its sample's shape is refused`() throws {
    let x = try pixels([1, 3, 2, 2]).requiringGrad()
    let refused = words { _ = try reward(standIn("gradient-shape")).score(x, pixels: x, given: condition(1)) }
    #expect(refused.contains("a gradient: expected float32[3, 2, 2], the sample's shape, got float32[3]"), "\(refused)")
  }

  @Test func `A scorer that crashes is restarted and asked again, as often as the setting says`() throws {
    let (scratch, log) = (try Scratch(), Log())
    #expect(try largestDifference(asked(standIn("fragile", scratch.path("starts")), log), means()) < 1e-6)
    #expect(scratch.numbers("starts").count == 2)
    #expect(log.lines.contains("ended with exit code 3; restarted (1 of 2)"), "\(log.lines)")
    let dead = words { _ = try asked(standIn("dies")) }
    #expect(dead.contains("ended with exit code 3 before it answered, the last of 3 times in a row"), "\(dead)")
    #expect(dead.contains("its last lines:\n    CUDA error: out of memory"), "\(dead)")
    let once = words { _ = try asked(standIn("crashes")) { $0.restarts = 0 } }
    #expect(once.contains("was ended by signal 11 before it answered; it wrote no error output"), "\(once)")
  }

  @Test func `A scorer that comes back in another version is refused`() throws {
    let scratch = try Scratch()
    let refused = words { _ = try asked(standIn("changed", scratch.path("starts"))) }
    #expect(
      refused.contains("it restarted as another scorer: stand-in 2, weights abc; it was stand-in 1, weights abc"),
      "\(refused)")
  }

  @Test func `After an error the next request meets a new scorer`() throws {
    let scratch = try Scratch()
    let reward = try reward(standIn("fragile", scratch.path("starts")), batch: 1) { $0.restarts = 0 }
    let x = try pixels([5, 3, 2, 2])
    #expect(words { _ = try reward.score(x, pixels: x, given: condition(5)) }.contains("exit code 3"))
    #expect(try largestDifference(reward.score(x, pixels: x, given: condition(5)), means()) < 1e-6)
  }

  @Test func `A scorer that does not answer in time is killed`() throws {
    let late = words { _ = try asked(standIn("hang")) { $0.timeout = .milliseconds(250) } }
    #expect(late.contains("it gave no answer for 0.25 s (`timeout`), and was killed"), "\(late)")
    let silent = words { _ = try asked(standIn("silent")) { $0.startTimeout = .milliseconds(250) } }
    #expect(silent.contains("it did not say hello for 0.25 s (`start-timeout`), and was killed"), "\(silent)")
  }

  @Test func `A scorer that has closed its input ends nobody but itself`() {
    let late = words { _ = try asked(standIn("deaf")) { $0.timeout = .milliseconds(250) } }
    #expect(late.contains("gave no answer for 0.25 s"), "\(late)")
  }

  @Test func `A scorer that writes a great deal to its error output is read on, and its lines are passed on`() throws {
    let log = Log()
    #expect(try largestDifference(asked(standIn("floods"), log), means()) < 1e-6)
    #expect(log.lines.contains("line 19999 of what nobody asked for"))
  }

  @Test(arguments: [
    ("early", ["its standard output is not a message", "Loading weights: 100%"]),
    ("broken", ["it ended with exit code 1 before it said hello", "its last lines:\n    no module named reward"]),
    ("refusing", ["it cannot start: the weights are on another disk"]),
    ("future", ["expected version 1 of the protocol, got 2"]),
    ("nameless", ["hello: 'scorer': expected its name, got null"]),
  ])
  func `A scorer that cannot begin says why`(mode: String, expected: [String]) {
    let refused = words { _ = try scorer(standIn(mode)) }
    for part in expected { #expect(refused.contains(part), "\(part): \(refused)") }
  }

  @Test func `A program or a folder that is not there is named`() {
    let program = words { _ = try scorer(["no-such-scorer", "--fast"]) }
    #expect(program.hasSuffix("no-such-scorer: the program cannot be started: there is no such program"))
    let folder = words { _ = try scorer(standIn(""), folder: "/no/such/folder") }
    #expect(folder.hasSuffix("/no/such/folder: there is no such folder"))
  }

  @Test func `A scorer that will not end is killed with all that it has started, and nothing of it is left`() throws {
    let scratch = try Scratch()
    do {
      _ = try scorer(standIn("stubborn", scratch.path("processes")))
      // The second process records itself a little later.
      for _ in 0..<500 where scratch.numbers("processes").count < 2 { usleep(10_000) }
    }
    let processes = scratch.numbers("processes")
    #expect(processes.count == 2)
    for _ in 0..<500 where processes.contains(where: isRunning) { usleep(10_000) }
    #expect(!processes.contains(where: isRunning))
    // The scorer itself is our child process, and has been waited for.
    #expect(!FileManager.default.fileExists(atPath: "/proc/\(processes[0])"))
  }
}
