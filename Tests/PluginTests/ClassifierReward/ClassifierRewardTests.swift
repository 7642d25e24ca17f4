import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import ClassifierReward
@testable import Fewstep

@Suite struct ClassifierRewardTests {
  @Test
  func `A classifier's reward is the log-probability of a sample's prompt, whatever the backbone reads of it`() throws {
    let architecture = Classifier.Architecture(inputs: 3, channels: [8], features: 4, classes: 5)
    let classifier = try Classifier(architecture, .random(seed: 1))
    let pixels = try sigmoid(normal("pixels", [3, 3, 8, 8]))
    let reward = ClassifierReward(classifier)
    func score(_ prompts: [Int]) throws -> Tensor {
      let condition = Condition(promptIDs: prompts, tensors: ["text": try Tensor.zeros([3, 2, 2])])
      return try reward.score(pixels, pixels: pixels, given: condition)
    }
    let all = try noGrad { try classifier.logProbabilities(pixels) }
    try expectSame(score([4, 0, 2]), stacked([all[0][4], all[1][0], all[2][2]]))
    let error = #expect(throws: TensorError.self) { try score([4, 0, 5]) }
    #expect(error.map { "\($0)".contains("expected prompt IDs below 5, the number of classes, got 5") } == true)
  }
}
