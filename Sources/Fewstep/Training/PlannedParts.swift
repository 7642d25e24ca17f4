import Tensors

extension TrainingComponents {
  /// The reward and the data of a plan, which needs none of their files and no scorer's program.
  static func planned(_ recipe: Recipe, _ context: PluginContext, _ backbone: any Backbone) throws -> (
    reward: (any RewardProxy)?, data: (any DataSource)?
  ) {
    let data = recipe.data == nil ? nil : PlannedData(backbone)
    let reward = try fitting("reward", recipe) { () -> (any RewardProxy)? in
      do { return try recipe.reward?(context) } catch let error as Failure
        where [.missing, .io, .software].contains(error.kind)
      {
        return PlannedReward()
      }
    }
    return (reward, data)
  }
}

/// Real samples' shapes.
private final class PlannedData: DataSource {
  let count = 1_000_000
  private let backbone: any Backbone
  var sampleShape: [Int] { backbone.sampleShape }

  init(_ backbone: any Backbone) { self.backbone = backbone }

  func batch(_ positions: [Int]) throws -> (samples: Tensor, condition: Condition) {
    let prompts = positions.map { $0 % backbone.prompts.count }
    return (
      try .zeros([positions.count] + sampleShape, on: backbone.device), try backbone.condition(prompts)
    )
  }
}

/// Stands for a reward whose weights are not here: it takes decoded samples, and no memory of its own.
final class PlannedReward: RewardProxy {
  func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    try (pixels ?? samples).reshaped([samples.shape[0], -1]).mean([1])
  }
}
