import Foundation
import Testing

@testable import ProcessReward

/// The scorers that we ship, as far as they go without their packages and weights.
@Suite struct ShippedScorerTests {
  @Test(
    "A bridge whose packages are missing says which, and how to get them",
    arguments: [
      (
        ["hpsv3_scorer.py", "--checkpoint", "none"],
        ["the Python package 'torch' cannot be imported", "pip install hpsv3==1.0.0"]
      ),
      (
        ["video_reward_scorer.py", "--code", "/", "--checkpoint", "none", "--fps", "16"],
        ["/ is no clone of VideoAlign: there is no inference.py", "clone github.com/KwaiVGI/VideoAlign"]
      ),
    ])
  func missingPackages(command: [String], expected: [String]) {
    let refused = words { _ = try scorer(["python3", "-S", "\(scorers)/\(command[0])"] + command.dropFirst()) }
    for part in ["it cannot start: "] + expected { #expect(refused.contains(part), "\(part): \(refused)") }
  }

  @Test("A bridge without its arguments shows its usage")
  func usage() {
    let refused = words { _ = try scorer(python("\(scorers)/hpsv3_scorer.py")) }
    #expect(refused.contains("ended with exit code 2 before it said hello"), "\(refused)")
    #expect(refused.contains("the following arguments are required: --checkpoint"), "\(refused)")
  }

  @Test("The guide's scorer is the one that is tried here")
  func guide() throws {
    let text = try String(contentsOfFile: "\(scorers)/../../docs/process-rewards.md", encoding: .utf8)
    let minimal = try String(contentsOfFile: "\(scorers)/minimal.py", encoding: .utf8)
    #expect(text.contains("```python\n\(minimal)```"))
  }
}
