import Foundation
import Tensors
import TestSupport
import Testing

@testable import ExternalReward

/// The shipped scorers, as far as they can be tested without their packages and weights.
@Suite struct ShippedScorerTests {
  @Test(arguments: [
    (
      ["hpsv3_scorer.py", "--checkpoint", "none"],
      ["the Python package 'torch' cannot be imported", "pip install hpsv3==1.0.0"]
    ),
    (
      ["video_reward_scorer.py", "--code", "/", "--checkpoint", "none", "--fps", "16"],
      ["/ is no clone of VideoAlign: there is no inference.py", "clone github.com/KwaiVGI/VideoAlign"]
    ),
  ])
  func `A bridge whose packages are missing says which, and how to get them`(command: [String], expected: [String]) {
    let refused = words { _ = try scorer(["python3", "-S", "\(scorers)/\(command[0])"] + command.dropFirst()) }
    for part in ["it cannot start: "] + expected { #expect(refused.contains(part), "\(part): \(refused)") }
  }

  @Test func `A bridge without its arguments shows its usage`() {
    let refused = words { _ = try scorer(python("\(scorers)/hpsv3_scorer.py")) }
    #expect(refused.contains("ended with exit code 2 before it said hello"), "\(refused)")
    #expect(refused.contains("the following arguments are required: --checkpoint"), "\(refused)")
  }

  @Test func `What a scorer of the module prints is shown, and what it raises is told`() throws {
    let script = """
      import sys
      sys.path.insert(0, "\(scorers)")
      import fewstep_scorer
      class Loud:
          name, version, weights, axes, takes = "loud", "1", "", ["a"], ["images"]
          def __init__(self, seed):
              print("the seed is", seed)
          def score(self, samples, prompts):
              print("scoring", prompts)
              if "b" in prompts:
                  raise ValueError("no word for b")
              return [[2] for _ in samples]
      fewstep_scorer.serve(Loud)
      """
    let log = Log()
    let reward = try reward(["python3", "-S", "-c", script], log) { $0.seed = 7 }
    let x = try pixels([2, 3, 2, 2])
    #expect(try reward.score(x.rows(0..<1), pixels: x.rows(0..<1), given: condition(1)).doubles() == [2])
    let raised = words { _ = try reward.score(x, pixels: x, given: condition(2)) }
    #expect(raised.contains("the scorer loud: it reports: ValueError: no word for b"), "\(raised)")
    #expect(log.lines.contains("the seed is 7") && log.lines.contains("scoring ['a']"), "\(log.lines)")
    #expect(log.lines.contains { $0.hasPrefix("Traceback") }, "\(log.lines)")
  }

  @Test func `The guide's scorer is the one that is tried here`() throws {
    let text = try String(contentsOfFile: "\(scorers)/../../docs/external-rewards.md", encoding: .utf8)
    let minimal = try String(contentsOfFile: "\(scorers)/minimal.py", encoding: .utf8)
    #expect(text.contains("```python\n\(minimal)```"))
  }
}
