import Fewstep
import Foundation
import Tensors
import TestSupport
import Testing

@testable import ExternalReward

@Suite struct ExternalRewardTests {
  @Test(arguments: [1, 2, 5])
  func `Tensors and files are scored, whatever their sizes and the batch`(batch: Int) throws {
    let batches = try pixels([5, 3, 4, 6])
    let means = try batches.reshaped([5, -1]).mean([1])
    let images = try (0..<3).map { index in
      try (pixels([1, 3, 5 + index, 7], seed: index) * 255).to(.uint8).squeezed(0)
    }
    let brightness = try Tensor(images.map { try mean($0.to(.float64)).item() / 255 })
    for command in [python("\(scorers)/brightness.py"), python("\(scorers)/minimal.py")] {
      let axes = command.last!.contains("minimal") ? nil : ["brightness": 1.0]
      let reward = try reward(command, axes: axes, batch: batch)
      let scores = try reward.score(batches, pixels: batches, given: condition(5))
      #expect(scores.dtype == .float32)
      #expect(try largestDifference(scores, means) < 1e-6)
      #expect(
        try largestDifference(reward.score(images: images, prompts: ["a", "b", "c"]), brightness) < 1e-6)
      #expect(try reward.score(images: [], prompts: []).shape == [0])
    }
  }

  @Test func `The reward is the weighted sum of a scorer's axes, all of them without weights`() throws {
    let x = try pixels([2, 3, 4, 4])
    func score(_ axes: [String: Double]?) throws -> Tensor {
      try reward(python("\(scorers)/brightness.py"), axes: axes).score(x, pixels: x, given: condition(2))
    }
    let brightness = try x.reshaped([2, -1]).mean([1])
    let redness = try x.reshaped([2, 3, -1]).mean([2])[.all, 0] - brightness
    #expect(try largestDifference(score(nil), brightness + redness) < 1e-6)
    #expect(try largestDifference(score(["redness": 2]), 2 * redness) < 1e-6)
    #expect(try largestDifference(score(["redness": -1, "brightness": 0.5]), 0.5 * brightness - redness) < 1e-6)
    let unknown = words { _ = try score(["beauty": 1]) }
    #expect(unknown.contains("no axis 'beauty'") && unknown.contains("brightness, redness"), "\(unknown)")
  }

  @Test func `A scorer's gradient reaches what the pixels were made of, with large messages both ways`() throws {
    let reward = try reward(python("\(scorers)/brightness.py"), axes: ["brightness": 3, "redness": -1], batch: 1)
    let x = try pixels([3, 3, 96, 96]).requiringGrad()
    let values = try reward.score(x, pixels: x.squared(), given: condition(3))
    try sum(values).backward()
    // 3 b - (r - b) for the mean b of all channels and r of the first.
    let channels = try Tensor([4.0 / 3 - 1, 4.0 / 3, 4.0 / 3]).reshaped([1, 3, 1, 1]).to(.float32) / Double(96 * 96)
    #expect(try largestDifference(#require(x.gradient), 2 * x.detached() * channels) < 1e-9)
    let plain = try noGrad { try reward.score(x, pixels: x.squared(), given: condition(3)) }
    #expect(!plain.requiresGrad)
    #expect(try largestDifference(plain, values.detached()) == 0)
    // A small step along the gradient changes the score by the predicted amount.
    let step = try 1e-2 * #require(x.gradient) / #require(x.gradient).squared().sum([0, 1, 2, 3]).power(0.5)
    let moved = try noGrad { try reward.score(x, pixels: (x.detached() + step).squared(), given: condition(3)) }
    let expected = try sum(step * #require(x.gradient)).item()
    let change = try sum(moved.to(.float64)).item() - sum(plain.to(.float64)).item()
    #expect(Swift.abs(change - expected) < 0.05 * expected, "\(change) \(expected)")
  }

  @Test func `Videos are scored frame by frame where the scorer takes them, and refused by name where not`() throws {
    let x = try pixels([2, 3, 4, 5, 6]).requiringGrad()
    let scores = try reward(
      python("\(scorers)/brightness.py"), axes: ["brightness": 1], medium: .videos(framesPerSecond: 8)
    )
    .score(x, pixels: x, given: condition(2))
    #expect(try largestDifference(scores.detached(), x.detached().reshaped([2, -1]).mean([1])) < 1e-6)
    try sum(scores).backward()
    #expect(x.gradient?.shape == [2, 3, 4, 5, 6])
    let refused = words {
      _ = try reward(python("\(scorers)/minimal.py"), medium: .videos(framesPerSecond: 8)).score(
        x.detached(), pixels: x.detached(), given: condition(2))
    }
    #expect(refused.contains("it scores images, not videos"), "\(refused)")
  }

  @Test func `A scorer without gradients says so where one is asked for`() throws {
    let x = try pixels([1, 3, 2, 2]).requiringGrad()
    let refused = words {
      _ = try reward(python("\(scorers)/minimal.py")).score(x, pixels: x, given: condition(1))
    }
    #expect(refused.contains("the scorer minimal: it returns no gradients"), "\(refused)")
    #expect(refused.contains("student.reward-weight"))
  }

  @Test func `A scorer's name, version and weights and the axes' weights are a reward's fingerprint`() throws {
    let one = try reward(standIn("", "1"))
    #expect(one.scorer == ["name": "stand-in", "version": "1", "weights": "abc"])
    #expect(try one.fingerprint() == reward(standIn("", "1"), batch: 7).fingerprint())
    #expect(try one.fingerprint() != reward(standIn("", "2")).fingerprint())
    #expect(try one.fingerprint() != reward(standIn("", "1"), axes: ["mean": 2]).fingerprint())
  }

  @Test func `Samples that are no images, and prompts that nobody knows, are refused`() throws {
    let reward = try reward(standIn(""))
    let points = words { _ = try reward.score(pixels([1, 2]), pixels: nil, given: condition(1)) }
    #expect(points.contains("not images"), "\(points)")
    let x = try pixels([1, 3, 2, 2])
    let unknown = words { _ = try reward.score(x, pixels: x, given: Condition(promptIDs: [7], tensors: [:])) }
    #expect(unknown.contains("the backbone knows 3 prompts, and 7 is none of them"), "\(unknown)")
  }
}
