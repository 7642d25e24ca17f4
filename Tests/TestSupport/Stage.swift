import Fewstep
import GaussianMixture
import Networks
import PixelUNet
import Tensors
import Testing

/// A small model family with its three roles, a batch of the student's samples with their graph, and everything else
/// that a scene needs. Two stages with the same seed are equal bit for bit.
package final class Stage {
  package let backbone: any Backbone
  package var teacher: any Teacher
  package let student: any Student
  package var fakeTeacher: any FakeTeacher
  package let condition: Condition
  package let samples: Tensor
  package var guidance = 1.0
  package var scale = MatchingScale.dmd2
  package var steps = MatchedSteps.all

  package static let count = 12

  package init(_ backbone: any Backbone) throws {
    self.backbone = backbone
    teacher = try backbone.teacher()
    student = try backbone.trainable(.student, adapters: false, seed: 1)
    fakeTeacher = try backbone.trainable(.fakeTeacher, adapters: false, seed: 2)
    condition = try backbone.condition((0..<Self.count).map { $0 / 4 % backbone.prompts.count })
    samples = try FewStepSampler(steps: [1, 0.5]).sample(student, upTo: 1, given: condition) { place in
      try normal("generation \(place)", [Self.count] + backbone.sampleShape)
    }
  }

  /// Points in the plane, with an exact teacher.
  package static func points() throws -> Stage { try Stage(tinyMixture()) }

  /// Small images, with a teacher that has parameters and features.
  package static func images() throws -> Stage {
    let architecture = Architecture(
      image: [1, 8, 8], classes: 3, patch: 1, channels: 8, multipliers: [1, 2], heads: 2, groups: 4)
    return try Stage(PixelUNet(architecture, weights: .random(seed: 4), on: .cpu))
  }

  package var groupAdvantage: GroupAdvantage { GroupAdvantage(groupSize: 4) }

  package func batchRewards() throws -> BatchRewards {
    let rewards = try noGrad { try samples.detached().reshaped([Self.count, -1]).sum([1]) }
    return try BatchRewards(rewards: rewards, groupAdvantage: groupAdvantage)
  }

  package var scenes: SceneBuilder {
    SceneBuilder(
      backbone: backbone, teacher: teacher, student: student, fakeTeacher: fakeTeacher, steps: [1, 0.5],
      matching: Matching(guidance: Guidance(guidance), scale: scale, steps: steps))
  }

  package func scene(sensed isSensed: Bool = true, pairs: Bool = false, studentStep: Int = 1) throws -> Scene {
    let shape = [Self.count] + backbone.sampleShape
    return try scenes.scene(
      of: samples, condition, 0..<Self.count, times: 0.05...0.95, studentStep: studentStep,
      batchRewards: isSensed ? batchRewards() : nil, streams: { Noise(seed: 11).stream($0, step: 0) },
      real: { [condition] in (try normal("real", shape), condition) },
      pairs: pairs
        ? { [condition] in (try normal("pairs", shape), try normal("made", shape), condition) } : nil)
  }
}

package func tinyMixture(_ mixture: Mixture = .ring(6, radius: 2, std: 0.3, classes: 3)) -> GaussianMixture {
  GaussianMixture(
    mixture, network: GaussianMixture.Network(width: 16, layers: 2, embedding: 8), schedule: RectifiedFlow())
}

/// The density of a mixture backbone, as a reward.
package enum DensityRewards {
  package static func of(_ backbone: any Backbone) throws -> DensityReward {
    try DensityReward(#require(backbone as? GaussianMixture).mixture)
  }
}
