import Fewstep
import Tensors

/// The directions in which points of the plane, or of any sample space, are pulled at one noise level: by the teacher,
/// by the fake teacher, by their difference, and by the complete objective.
///
/// Each direction is the mean over several noises, the same for all points. A point is not a student's sample and has
/// no group: its reward is compared with those of the student's samples
/// (`BatchRewards.init(rewards:peers:groupAdvantage:)`).
public struct DirectionField {
  /// x̂0 of the guided teacher - x, [n, ...] in sample space.
  public let real: Tensor
  /// x̂0 of the fake teacher - x
  public let fake: Tensor
  /// x̂0 of the guided teacher - x̂0 of the fake one: DMD's direction before scaling.
  public let difference: Tensor
  /// Minus the gradient of the objective's student loss with respect to the points, times their number: the step for
  /// each point, including scaling and all other terms.
  public let objective: Tensor

  /// - Parameters:
  ///   - points: [n, ...].
  ///   - prompt: the prompt of all points.
  ///   - peers: the student's samples for that prompt. The points' rewards are compared with theirs.
  ///   - seed: the seed of the noises.
  public init(
    at points: Tensor, time: Double, prompt: Int, peers: Tensor, components: TrainingComponents, recipe: Recipe,
    noises: Int = 16,
    seed: Int = 1
  ) throws {
    let count = points.shape[0]
    let condition = try components.backbone.condition(Array(repeating: prompt, count: count))
    let batchRewards = try Self.batchRewards(points, peers, prompt, components)
    let source = Noise(seed: seed)
    var scenes = components.scenes(recipe)
    scenes.discriminatorTimes = 0...1
    var sums = [Tensor](repeating: try points.zerosLike(), count: 4)
    for draw in 0..<noises {
      let x = try points.detached().cloned().requiringGrad()
      let shape = components.backbone.sampleShape
      let noise = try source.stream("field noise", step: draw).normal(0..<1, shape, on: points.device)
      let scene = try scenes.scene(
        of: x, condition, 0..<count, time: try .full([count], time, .float64), noise: try noise + points.zerosLike(),
        studentStep: recipe.steps.count - 1, batchRewards: batchRewards,
        streams: { source.stream("field \(Self.streamNames[$0] ?? $0)", step: draw) },
        real: components.data.map { data in { try data.batch((0..<count).map { $0 % data.count }) } },
        pairs: components.pairs.map { pairs in { try pairs.batch([0], components.backbone) } })
      let gradient = try components.objective.studentLoss(scene).total.grad([x])[0] ?? x.zerosLike()
      let parts = try noGrad {
        [
          try scene.realGuided - points, try scene.fake - points, try scene.realGuided - scene.fake,
          try gradient * -Double(points.count),
        ]
      }
      sums = try zip(sums, parts).map { try $0 + $1.detached() }
    }
    let means = try sums.map { try $0 / Double(noises) }
    (real, fake, difference, objective) = (means[0], means[1], means[2], means[3])
  }

  /// The field's own names for a scene's random numbers.
  private static let streamNames = ["gan time": "time", "gan real noise": "real", "gan fake noise": "fake"]

  private static func batchRewards(_ points: Tensor, _ peers: Tensor, _ prompt: Int, _ components: TrainingComponents)
    throws -> BatchRewards?
  {
    guard let groupAdvantage = components.objective.groupAdvantage, let reward = components.reward else { return nil }
    return try noGrad {
      func score(_ samples: Tensor) throws -> Tensor {
        let condition = try components.backbone.condition(Array(repeating: prompt, count: samples.shape[0]))
        return try reward.score(samples, pixels: components.backbone.pixels(samples), given: condition).to(.float32)
      }
      return try BatchRewards(rewards: score(points), peers: score(peers), groupAdvantage: groupAdvantage)
    }
  }
}
