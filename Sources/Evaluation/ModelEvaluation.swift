import Fewstep
import Foundation
import Tensors

/// One line of an evaluation's table.
public struct Score: Codable, Equatable, Sendable {
  public var model: String
  /// Network evaluations a sample, guidance not counted.
  public var steps: Int?
  /// How the samples were made: "DDIM" or "re-noising"; nil for real ones.
  public var sampler: String?
  /// The times of re-noising.
  public var times: [Double]?
  public var frechetDistance: Double
  public var precision: Double
  public var recall: Double
  public var classAccuracy: Double
  /// exp of the entropy of the recognised classes: how many are really made.
  public var effectiveClasses: Double
  /// The mean of `evaluation.reward`, where there is one.
  public var reward: Double?
}

/// Compares teacher and student with real samples, all from the same noise.
public final class ModelEvaluation {
  private let settings: Recipe.Evaluation
  private let recipe: Recipe
  private let backbone: any Backbone
  private let teacher: any Teacher
  private let network: any FeatureNetwork
  private let reference: Features
  private let frechet: FrechetDistance
  private let manifold: FeatureManifold
  private let floor: (any DataSource)?
  private let reward: (any RewardProxy)?
  /// What this evaluation's scores depend on beside the model.
  public let lock: EvaluationLock

  private struct Features {
    let features: Tensor
    let logProbabilities: Tensor
  }

  /// - Throws: `StorageError` where the evaluation's files are missing or malformed, `CastError` where its plugins do not fit
  ///   the backbone or have too few samples.
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
        throw CastError(
          recipe, "evaluation.samples", "\(settings.samples), but evaluation.\(key) has \(source.count) samples only")
      }
      let real = try Self.samples(of: reference, settings.samples).samples
      self.reference = try Self.features(of: real, network, backbone, settings.batch)
      lock = EvaluationLock(
        version: EvaluationLock.currentVersion, features: try hash(network.identity()), reference: try hash([real]),
        samples: settings.samples, seed: settings.seed,
        reward: try reward.map { try Self.name($0, recipe.resolved["evaluation"]?["reward"]?.leaves ?? [:]) })
    } catch let error as TensorError {
      throw CastError(recipe, "evaluation", "its plugins cannot work with this backbone: \(error)")
    }
    frechet = try FrechetDistance(to: FeatureStatistics(reference.features))
    manifold = try FeatureManifold(reference.features)
  }

  /// Real samples against real ones, the teacher at many steps, the teacher in the student's sampler, the student.
  ///
  /// - Parameter progress: what is being made, and how many samples of it are done.
  public func scores(
    student: any Student, steps: [Double], progress: (String, Int, Int) throws -> Void
  ) throws -> Evaluated {
    let sampling = Sampling(backbone, seed: settings.seed, batch: settings.batch)
    let prompts = sampling.prompts(settings.samples)
    let guidance = recipe.matching.guidance
    var scores = [Score]()
    if let floor {
      let real = try Self.samples(of: floor, settings.samples)
      scores.append(try score("real samples", real.samples, real.classes))
    }
    for count in settings.teacherSteps {
      let made = try sampling.teacher(teacher, steps: count, guidance: guidance, prompts: prompts) {
        try progress("teacher, \(count) steps", $0, settings.samples)
      }
      scores.append(try score("teacher, DDIM", made, prompts, steps: count, sampler: "DDIM"))
    }
    let few = try sampling.teacherFewStep(teacher, steps: steps, guidance: guidance, prompts: prompts) {
      try progress("teacher, \(steps.count) steps", $0, settings.samples)
    }
    scores.append(
      try score("teacher, student's sampler", few, prompts, steps: steps.count, sampler: "re-noising", times: steps))
    let own = try sampling.fewStep(student, steps: steps, prompts: prompts) {
      try progress("student, \(steps.count) steps", $0, settings.samples)
    }
    scores.append(try score("student", own, prompts, steps: steps.count, sampler: "re-noising", times: steps))
    return Evaluated(lock: lock, scores: scores)
  }

  private func score(
    _ model: String, _ samples: Tensor, _ classes: [Int], steps: Int? = nil, sampler: String? = nil,
    times: [Double]? = nil
  ) throws -> Score {
    let made = try Self.features(of: samples, network, backbone, settings.batch)
    let accuracy = try ClassAccuracy(scores: made.logProbabilities, wanted: classes)
    let both = try PrecisionRecall(real: manifold, generated: FeatureManifold(made.features))
    return Score(
      model: model, steps: steps, sampler: sampler, times: times,
      frechetDistance: try frechet(FeatureStatistics(made.features)),
      precision: both.precision, recall: both.recall, classAccuracy: accuracy.accuracy,
      effectiveClasses: accuracy.seen.effectiveClasses, reward: try meanReward(samples, classes))
  }

  /// A reward by its kind and what it is made of: its tensors where it has some, for paths say nothing of them.
  private static func name(_ reward: any RewardProxy, _ settings: [String: String]) throws -> String {
    let tensors = try reward.identity()
    guard tensors.isEmpty else { return "\(settings["kind"] ?? "") \(try hash(tensors))" }
    return settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }

  private func meanReward(_ samples: Tensor, _ classes: [Int]) throws -> Double? {
    guard let reward else { return nil }
    var sum = 0.0
    for start in stride(from: 0, to: classes.count, by: settings.batch) {
      let range = start..<min(start + settings.batch, classes.count)
      let part = try samples.rows(range)
      let condition = try backbone.condition(Array(classes[range]))
      sum += try noGrad {
        try reward.score(part, pixels: backbone.pixels(part), given: condition).to(.float64).sum([0]).item()
      }
    }
    return sum / Double(classes.count)
  }

  /// The first `count` samples of a source in an order of their own, and their classes.
  private static func samples(of data: any DataSource, _ count: Int) throws -> (samples: Tensor, classes: [Int]) {
    let order = Noise(seed: 0).stream("evaluation order", step: 0).permutation(data.count)
    let (samples, condition) = try data.batch(Array(order.prefix(count)))
    return (samples, condition.prompts)
  }

  private static func features(
    of samples: Tensor, _ network: any FeatureNetwork, _ backbone: any Backbone, _ batch: Int
  ) throws -> Features {
    try noGrad {
      let parts = try stride(from: 0, to: samples.shape[0], by: batch).map { start in
        let part = try samples.rows(start..<min(start + batch, samples.shape[0]))
        return try network.features(part, pixels: backbone.pixels(part))
      }
      return Features(
        features: try concatenated(parts.map(\.features)),
        logProbabilities: try concatenated(parts.map(\.logProbabilities)))
    }
  }
}

extension Table {
  /// The scores as a table for people.
  public init(_ scores: [Score]) throws {
    let isRewarded = scores.contains { $0.reward != nil }
    try self.init(
      columns: ["model", "steps", "Fréchet distance", "precision", "recall", "class accuracy"]
        + (isRewarded ? ["reward"] : []),
      rows: scores.map {
        [
          .text($0.model), $0.steps.map(TableCell.integer) ?? .missing, .number($0.frechetDistance),
          .number($0.precision), .number($0.recall), .number($0.classAccuracy),
        ] + (isRewarded ? [$0.reward.map(TableCell.number) ?? .missing] : [])
      })
  }
}
