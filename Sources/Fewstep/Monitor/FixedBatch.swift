import Foundation
import Tensors

/// The same prompts and noise throughout training. The student's samples for them show its progress without the
/// variance of fresh noise, and metrics of two steps are paired sample by sample.
final class FixedBatch {
  /// Prompt IDs; samples of one prompt are consecutive.
  let prompts: [Int]
  /// Rewards to measure: the training reward as "reward", the held-out rewards' as "held-out-NAME".
  let rewards: [(name: String, proxy: any RewardProxy)]
  private let groupSize: Int
  /// The samples whose pixels are compared.
  private let pixelSamples: Set<Int>
  private let components: TrainingComponents
  private let steps: [Double]
  /// Whether the fake teacher is told the student's step: here always the last.
  private let tellsStep: Bool
  private let sampling: SampleGenerator
  private let noise: Noise
  /// Metrics of the teacher's samples for the same prompts and noise.
  let teacher: Measurement

  /// Metrics of a set of samples.
  struct Measurement {
    /// The mean sample [D].
    let centre: Tensor
    /// The mean over samples and coordinates.
    let mean: Double
    /// Standard deviation over the samples, as the root mean square over the coordinates.
    let std: Double
    /// Mean distance between two samples of one prompt, divided by √D.
    let diversity: Double
    /// Of `monitor.pixel-samples` samples, evenly spread over the prompts; nil for none, and for samples without pixels.
    let pixels: PixelStatistics?
    /// The samples [N, D], float32, in the host's memory: of videos they are large.
    let samples: Tensor
    /// Scores by reward name, one per sample.
    let rewards: [(name: String, values: [Double])]
  }

  /// - Parameter progress: called with how many of the teacher's samples are made, and of how many.
  init(_ recipe: Recipe, components: TrainingComponents, progress: (Int, Int) -> Void) throws {
    self.components = components
    let count = recipe.monitor.samples
    let groups = min(components.backbone.prompts.count, count / 4)
    groupSize = count / groups
    prompts = (0..<groups).flatMap { [groupSize] group in
      Array(repeating: group * components.backbone.prompts.count / groups, count: groupSize)
    }
    rewards =
      (components.reward.map { [("reward", $0)] } ?? [])
      + components.heldOutRewards.map { ("held-out-\($0.name)", $0.reward) }
    steps = recipe.steps
    tellsStep = recipe.matching.steps == .stepAware
    noise = Noise(seed: recipe.seed)
    sampling = SampleGenerator(
      components.backbone, seed: recipe.seed, batch: recipe.training.microBatchSize)
    pixelSamples = Set(spread(recipe.monitor.pixelSamples, over: prompts.count))
    let total = prompts.count
    teacher = try Self.measure(
      sampling.teacher(
        components.teacher, steps: recipe.monitor.teacherSteps, guidance: recipe.matching.guidance, promptIDs: prompts
      ) { progress($0, total) },
      sampling.conditions(prompts), groupSize, rewards, components.backbone, pixels: pixelSamples)
  }

  /// Metrics of the student's samples now, and the fake teacher's mean denoising error on them.
  ///
  /// - Parameter progress: called with how many samples are made, and of how many.
  func measure(_ progress: (Int, Int) -> Void) throws -> (student: Measurement, denoisingError: Double) {
    let samples = try sampling.fewStep(components.student, steps: steps, promptIDs: prompts) {
      progress($0, prompts.count)
    }
    let student = try Self.measure(
      samples, sampling.conditions(prompts), groupSize, rewards, components.backbone, pixels: pixelSamples)
    return (student, try denoisingError(samples))
  }

  /// Root mean square distance between the two mean samples, in units of the teacher's standard deviation.
  func meanShift(of student: Measurement) throws -> Double {
    try noGrad { try mean((student.centre - teacher.centre).squared()).item().squareRoot() / teacher.std }
  }

  /// The energy distance between student and teacher, see `MonitorReport.energyDistance`.
  func energyDistance(of student: Measurement) throws -> Double {
    try Self.energyDistance(student.samples, teacher.samples)
  }

  /// 2 E|x - y| - E|x - x'| - E|y - y'|, divided by E|y - y'|, of samples [N, D] each. Samples of one row share their noise: such
  /// pairs are left out of all three means, so that equal distributions give 0 in the mean, and equal samples exactly.
  static func energyDistance(_ x: Tensor, _ y: Tensor) throws -> Double {
    let pairs = Double(x.shape[0] * (x.shape[0] - 1))
    func mean(_ a: Tensor, _ b: Tensor) throws -> Double {
      let distances = try a.distances(to: b).to(.float64)
      return try (sum(distances).item() - distances.trace().item()) / pairs
    }
    let own = try mean(y, y)
    return try (2 * mean(x, y) - mean(x, x) - own) / own
  }

  /// The 5th percentile of the training reward on the teacher's samples; nil if there is no training reward.
  var zoneReward: Double? {
    teacher.rewards.first { $0.name == "reward" }.map { $0.values.sorted()[$0.values.count / 20] }
  }

  /// - Parameter samples: in the host's memory. They are decoded part by part, once for all that reads pixels.
  private static func measure(
    _ samples: Tensor, _ conditions: [(range: Range<Int>, () throws -> Condition)], _ groupSize: Int,
    _ rewards: [(name: String, proxy: any RewardProxy)], _ backbone: any Backbone, pixels chosen: Set<Int>
  ) throws -> Measurement {
    try noGrad {
      let flat = try samples.reshaped([samples.shape[0], -1]).to(.float64)
      let dimension = Double(flat.shape[1])
      let distances = try stride(from: 0, to: samples.shape[0], by: groupSize).map { start in
        let group = try flat.rows(start..<start + groupSize)
        return try sum(group.distances(to: group)).item() / Double(groupSize * (groupSize - 1))
      }
      var scores = rewards.map { _ in [Double]() }
      var statistics = PixelStatistics.Sums()
      for (range, condition) in conditions {
        let part = try samples.rows(range).to(backbone.device)
        let seen = range.filter(chosen.contains).map { $0 - range.lowerBound }
        let isRead = !seen.isEmpty || rewards.contains { $0.proxy.readsPixels }
        let pixels = isRead ? try backbone.pixels(part) : nil
        let given = try condition()
        for (index, reward) in rewards.enumerated() {
          scores[index] += try reward.proxy.score(part, pixels: pixels, given: given).doubles()
        }
        if let pixels, !seen.isEmpty { try statistics.add(pixels.selected(Tensor(seen).to(pixels.device))) }
      }
      return Measurement(
        centre: try flat.mean([0]), mean: try mean(flat).item(),
        std: try mean(flat.variance([0], correction: 0)).item().squareRoot(),
        diversity: distances.reduce(0, +) / Double(distances.count) / dimension.squareRoot(),
        pixels: statistics.means, samples: try flat.to(.float32),
        rewards: zip(rewards, scores).map { ($0.name, $1) })
    }
  }

  /// The error at evenly spaced times in a fixed random order, with the batch's own noise.
  private func denoisingError(_ samples: Tensor) throws -> Double {
    try noGrad {
      let order = noise.stream("probe time", step: 0).permutation(prompts.count)
      let stream = noise.stream("probe noise", step: 0)
      let errors = try sampling.conditions(prompts).flatMap { range, condition in
        let times = try Tensor(order[range].map { (Double($0) + 0.5) / Double(prompts.count) })
        let epsilon = try stream.normal(range, components.backbone.sampleShape, on: components.backbone.device)
        let given = try tellsStep ? condition().told(step: steps.count - 1, on: epsilon.device) : condition()
        return try components.fakeTeacher.denoisingError(
          samples.rows(range).to(epsilon.device), epsilon, at: times, given: given
        )
        .doubles()
      }
      return errors.reduce(0, +) / Double(errors.count)
    }
  }
}

/// At most `count` positions in 0..<total, evenly spaced.
private func spread(_ count: Int, over total: Int) -> [Int] {
  let count = min(count, total)
  return (0..<count).map { $0 * total / count }
}
