import Networks
import Tensors

/// Everybody a recipe calls on, made and ready to train.
public final class Cast {
  public let backbone: any Backbone
  public let teacher: any Teacher
  public let student: any Student
  public let fakeTeacher: any FakeTeacher
  public let objective: any MatchingObjective
  public let reward: (any RewardProxy)?
  public let data: (any DataSource)?
  public let pairs: PairsFile?

  /// A cast that is not a recipe's.
  public init(
    backbone: any Backbone, teacher: any Teacher, student: any Student, fakeTeacher: any FakeTeacher,
    objective: any MatchingObjective, reward: (any RewardProxy)? = nil, data: (any DataSource)? = nil,
    pairs: PairsFile? = nil
  ) {
    self.backbone = backbone
    self.teacher = teacher
    self.student = student
    self.fakeTeacher = fakeTeacher
    self.objective = objective
    self.reward = reward
    self.data = data
    self.pairs = pairs
  }

  /// Opens the files a recipe names and builds its networks.
  public init(_ recipe: Recipe) throws {
    if let threads = recipe.threads { try Runtime.setThreads(threads) }
    if case .cuda(let index) = recipe.device, index >= Device.cudaCount {
      throw CastError.noDevice("\(recipe.device)", available: Device.cudaCount)
    }
    let context = PluginContext(device: recipe.device, seed: recipe.seed)
    backbone = try PluginError.at("backbone") { try recipe.backbone(context) }
    teacher = try backbone.teacher()
    student = try backbone.student(seed: recipe.seed)
    fakeTeacher = try backbone.fakeTeacher(seed: recipe.seed + 1)
    try recipe.student.apply(to: student.parameters, seed: recipe.seed)
    try recipe.fakeTeacher.apply(to: fakeTeacher.parameters, seed: recipe.seed + 1)
    let full = PluginContext(
      device: recipe.device, seed: recipe.seed, backbone: backbone, teacher: teacher, fakeTeacher: fakeTeacher)
    let objective = try PluginError.at("objective") { try recipe.objective(full) }
    self.objective = objective
    try PluginError.at("objective") { [backbone] in try objective.prepare(for: backbone, seed: recipe.seed + 2) }
    reward = try PluginError.at("reward") { try recipe.reward?(full) }
    data = try PluginError.at("data") { try recipe.data?(full) }
    pairs = try recipe.training.pairs.map(PairsFile.init)
    if objective.needs.contains(.data), data == nil { throw SceneError.noData }
    if objective.needs.contains(.pairs), pairs == nil { throw SceneError.noPairs }
    if let sensing = objective.sensing {
      guard reward != nil else { throw CastError.noReward }
      guard recipe.training.batch % sensing.groupSize == 0 else {
        throw CastError.groups(batch: recipe.training.batch, group: sensing.groupSize)
      }
    }
  }
}

public enum CastError: Error, CustomStringConvertible {
  case noDevice(String, available: Int)
  case noReward
  case groups(batch: Int, group: Int)

  public var description: String {
    switch self {
    case .noDevice(let name, let available):
      "device: '\(name)' is not there; this libtorch \(Runtime.version) sees \(available) CUDA devices"
    case .noReward: "objective: it senses samples by a reward, and the recipe has no `reward` section"
    case .groups(let batch, let group):
      "training.batch: \(batch) samples do not divide into groups of \(group) (objective.group-size)"
    }
  }
}
