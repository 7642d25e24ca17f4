import Fewstep
import Foundation
import Metrics
import Tensors

/// Compares teacher and student with real samples. All generated samples start from the same noise.
public final class ModelEvaluation {
  private let settings: Recipe.Evaluation
  private let recipe: Recipe
  private let backbone: any Backbone
  private let teacher: any Teacher
  private let network: any FeatureNetwork
  private let measures: FeatureMeasures
  private let floor: (any DataSource)?
  private let reward: (any RewardProxy)?
  /// Everything besides the model that the scores depend on.
  public let fingerprint: Fingerprint
  /// The version of the metrics' definitions; raised when a change of the code changes a number.
  static let metricVersion = 1

  private struct Features {
    let features: Tensor
    let logProbabilities: Tensor
  }

  /// - Throws: `Failure` if the evaluation's files are missing or malformed, or if its plugins do not fit the backbone or
  ///   have too few samples.
  public init(_ recipe: Recipe, _ settings: Recipe.Evaluation, backbone: any Backbone, teacher: any Teacher) throws {
    self.recipe = recipe
    self.settings = settings
    self.backbone = backbone
    self.teacher = teacher
    let context = PluginContext(device: recipe.device, seed: recipe.seed, backbone: backbone)
    do {
      network = try settings.features(context)
      floor = try settings.floor?(context)
      reward = try settings.reward?(context)
      let reference = try settings.reference(context)
      for (key, source) in [("reference", reference), ("floor", floor)] {
        guard let source, source.count < settings.samples else { continue }
        throw Failure(
          recipe, "evaluation.samples", "\(settings.samples), but evaluation.\(key) has \(source.count) samples only")
      }
      let real = try Self.samples(of: reference, settings.samples).samples
      measures = try FeatureMeasures(real: Self.features(of: real, network, backbone, settings).features)
      let rewardSettings = recipe.resolved["evaluation"]?["reward"]?.leaves ?? [:]
      fingerprint = try Fingerprint([
        "metrics": "\(Self.metricVersion)", "reference": hash([real]), "samples": "\(settings.samples)",
        "seed": "\(settings.seed)",
      ]).merging(network.fingerprint().merging(settings.frames.fingerprint).prefixed("features"))
        .merging(reward.map { try Self.fingerprint(of: $0, rewardSettings) } ?? ["reward": "none"])
    } catch let error as Failure where error.kind == .software {
      throw Failure(recipe, "evaluation", error.problem)
    } catch let error as TensorError {
      throw Failure(recipe, "evaluation", "its plugins cannot work with this backbone: \(error)")
    }
  }

  /// Scores of other real samples, the teacher with many steps, the teacher in the student's sampler, and the student.
  ///
  /// - Parameter progress: called with the name of the samples being made, and how many of them are done.
  public func scores(
    student: any Student, steps: [Double], progress: (String, Int, Int) throws -> Void
  ) throws -> EvaluationResult {
    let sampling = SampleGenerator(backbone, seed: settings.seed, batch: settings.batch)
    let prompts = sampling.promptIDs(settings.samples)
    let guidance = recipe.matching.guidance
    var scores = [Score]()
    if let floor {
      let real = try Self.samples(of: floor, settings.samples)
      scores.append(try score("real samples", real.samples, real.classes))
    }
    for count in settings.teacherSteps {
      let made = try sampling.teacher(teacher, steps: count, guidance: guidance, promptIDs: prompts) {
        try progress("teacher, \(count) steps", $0, settings.samples)
      }
      scores.append(try score("teacher, DDIM", made, prompts, steps: count, sampler: "DDIM"))
    }
    let few = try sampling.teacherFewStep(teacher, steps: steps, guidance: guidance, promptIDs: prompts) {
      try progress("teacher, \(steps.count) steps", $0, settings.samples)
    }
    scores.append(
      try score("teacher, student's sampler", few, prompts, steps: steps.count, sampler: "re-noising", times: steps))
    let own = try sampling.fewStep(student, steps: steps, promptIDs: prompts) {
      try progress("student, \(steps.count) steps", $0, settings.samples)
    }
    scores.append(try score("student", own, prompts, steps: steps.count, sampler: "re-noising", times: steps))
    return EvaluationResult(fingerprint: fingerprint, scores: scores)
  }

  /// The scores of `samplesDuring` samples of a student that trains, by name: "frechet-distance", "recall". They are compared
  /// with the same real samples as those of `scores`, but are of fewer samples: compare them with each other only.
  ///
  /// - Parameter progress: called with how many samples are made, and of how many.
  public func smallScores(student: any Student, steps: [Double], progress: (Int, Int) -> Void) throws -> [(
    name: String, value: Double
  )] {
    let sampling = SampleGenerator(backbone, seed: settings.seed, batch: settings.batch)
    let prompts = sampling.promptIDs(settings.samplesDuring)
    let made = try sampling.fewStep(student, steps: steps, promptIDs: prompts) { progress($0, prompts.count) }
    let score = try score("student", made, prompts)
    return Metric.allCases.compactMap { metric in
      metric.value(score).map { (metric.settingName, $0) }
    }
  }

  private func score(
    _ model: String, _ samples: Tensor, _ classes: [Int], steps: Int? = nil, sampler: String? = nil,
    times: [Double]? = nil
  ) throws -> Score {
    let made = try Self.features(of: samples, network, backbone, settings)
    let accuracy = try ClassAccuracy(scores: made.logProbabilities, wanted: classes)
    let resamples =
      classes.count == measures.resamples.count ? measures.resamples : try Resamples(of: classes.count)
    var score = Score(
      model, try measures(made.features), classAccuracy: try Estimate(shareOf: accuracy.isRight, resamples),
      effectiveClasses: accuracy.seen.effectiveClasses, reward: try meanReward(samples, classes, resamples))
    (score.steps, score.sampler, score.times) = (steps, sampler, times)
    return score
  }

  /// A reward's kind and fingerprint, or its settings if they determine it completely; settings may contain paths.
  private static func fingerprint(of reward: any RewardProxy, _ settings: [String: String]) throws -> Fingerprint {
    let parts = try reward.fingerprint()
    let kind = parts.isEmpty ? Fingerprint(settings) : parts.merging(["kind": settings["kind"] ?? ""])
    return kind.merging(reward.scorer.prefixed("scorer")).prefixed("reward")
  }

  private func meanReward(_ samples: Tensor, _ classes: [Int], _ resamples: Resamples) throws -> Estimate? {
    guard let reward else { return nil }
    var rewards = [Double]()
    for start in stride(from: 0, to: classes.count, by: settings.batch) {
      let range = start..<min(start + settings.batch, classes.count)
      let part = try samples.rows(range).to(backbone.device)
      let condition = try backbone.condition(Array(classes[range]))
      let pixels = reward.readsPixels ? try noGrad { try backbone.pixels(part) } : nil
      rewards += try noGrad { try reward.score(part, pixels: pixels, given: condition).doubles() }
    }
    return try Estimate(meanOf: rewards, resamples)
  }

  /// The first `count` samples of a source in a fixed order of this evaluation, and their classes.
  private static func samples(of data: any DataSource, _ count: Int) throws -> (samples: Tensor, classes: [Int]) {
    let order = Noise(seed: 0).stream("evaluation order", step: 0).permutation(data.count)
    let (samples, condition) = try data.batch(Array(order.prefix(count)))
    return (samples, condition.promptIDs)
  }

  private static func features(
    of samples: Tensor, _ network: any FeatureNetwork, _ backbone: any Backbone, _ settings: Recipe.Evaluation
  ) throws -> Features {
    try noGrad {
      let batch = settings.batch
      let parts = try stride(from: 0, to: samples.shape[0], by: batch).map { start in
        let part = try samples.rows(start..<min(start + batch, samples.shape[0])).to(backbone.device)
        return try network.features(
          part, pixels: backbone.pixels(part), of: backbone.medium, settings.frames, batch: batch)
      }
      return Features(
        features: try concatenated(parts.map(\.features)),
        logProbabilities: try concatenated(parts.map(\.logProbabilities)))
    }
  }
}
