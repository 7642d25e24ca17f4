import Fewstep
import Networks
import Tensors

/// Points from a mixture of Gaussians in any dimension: the teacher is exact, so the ideal result of a run is known.
public final class GaussianMixture: Backbone {
  public struct Network: Sendable {
    public var width = 128
    public var layers = 3
    public var embedding = 32
    /// Steps of a warm start that trains student and fake teacher as the same denoiser; 0 leaves their weights random.
    public var warmStart = 0

    public init(width: Int = 128, layers: Int = 3, embedding: Int = 32, warmStart: Int = 0) {
      self.width = width
      self.layers = layers
      self.embedding = embedding
      self.warmStart = warmStart
    }
  }

  public enum ScheduleKind: String, Sendable, CaseIterable {
    case flow
    case vp
    case discreteVP = "discrete-vp"
    case edm

    func schedule(shift: Double) -> any NoiseSchedule {
      switch self {
      case .flow: RectifiedFlow(shift: shift)
      case .vp: ContinuousVP()
      case .discreteVP: DiscreteVP()
      case .edm: EDM()
      }
    }
  }

  /// The distribution of the data.
  public let mixture: Mixture
  /// The teacher's distribution: `mixture`, with the spurious mode if there is one.
  private let seen: Mixture
  public let schedule: any NoiseSchedule
  public let device: Device
  public let medium = Medium.points
  public let sampleShape: [Int]
  public let prompts: [String]
  public var featureShape: [Int]? { [network.width] }
  public let metadata: [String: String]
  private let network: Network
  /// The initial weights of both roles, after the warm start.
  private var start: [String: Tensor]?

  public init(
    _ mixture: Mixture, spuriousMode: SpuriousMode? = nil, network: Network = Network(), schedule: any NoiseSchedule,
    on device: Device = .cpu
  ) {
    self.mixture = mixture
    seen = spuriousMode.map(mixture.adding) ?? mixture
    self.network = network
    self.schedule = schedule
    self.device = device
    sampleShape = [mixture.dimension]
    prompts = (0..<mixture.classes).map { "class \($0)" }
    metadata = ["kind": "gaussian-mixture", "mixture": mixture.fingerprint]
  }

  public func condition(_ promptIDs: [Int]) throws -> Condition { try Condition(classes: promptIDs, on: device) }
  public func unconditional(like condition: Condition) throws -> Condition {
    try Condition(classes: condition.promptIDs.map { _ in mixture.classes }, promptIDs: condition.promptIDs, on: device)
  }
  public func teacher() throws -> any Teacher { ExactTeacher(try MixtureDensity(seen, on: device), schedule) }

  /// Both roles start from the same weights if they have a warm start.
  public func trainable(_ role: Role, adapters: Bool, studentSteps: Int?, seed: Int) throws -> any TrainableDenoiser {
    let denoiser = try PointDenoiser(
      ParameterStore(.random(seed: seed), device: device), dimension: mixture.dimension, classes: mixture.classes,
      width: network.width, layers: network.layers, embedding: network.embedding, power: mixture.power,
      studentSteps: studentSteps, schedule: schedule)
    guard network.warmStart > 0 else { return denoiser }
    if let start {
      try noGrad {
        for own in denoiser.parameters.all { if let value = start[own.name] { try own.value.copy(from: value) } }
      }
    } else {
      let data = try MixtureData(seen, count: 20_000, seed: seed, on: device)
      try denoiser.learnToDenoise(data, unconditional: unconditional, steps: network.warmStart, seed: seed)
      start = try Dictionary(uniqueKeysWithValues: denoiser.parameters.state.map { ($0.name, try $0.tensor.cloned()) })
    }
    return denoiser
  }
}

/// The mixture's own log-density of a sample given its class: the ideal reward.
public final class DensityReward: RewardProxy {
  private let density: MixtureDensity

  public init(_ mixture: Mixture, on device: Device = .cpu) throws { density = try MixtureDensity(mixture, on: device) }

  public func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    try density.logDensity(samples, classes: condition.tensor("class"))
  }
}

/// log p(class | sample): whether a sample belongs to its class, regardless of its density.
public final class PosteriorReward: RewardProxy {
  private let density: MixtureDensity

  public init(_ mixture: Mixture, on device: Device = .cpu) throws { density = try MixtureDensity(mixture, on: device) }

  public func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    try density.logPosterior(samples).gathered(condition.tensor("class").unsqueezed(1), 1).squeezed(1)
  }
}

/// Fresh samples of a mixture as real data: `count` samples, each a function of its position.
public final class MixtureData: DataSource {
  public let count: Int
  public let sampleShape: [Int]
  private let samples: Tensor
  private let labels: [Int]
  private let device: Device

  public init(_ mixture: Mixture, count: Int, seed: Int, on device: Device = .cpu) throws {
    let noise = Noise(seed: seed)
    (samples, labels) = try mixture.sample(
      noise.stream("mixture data", step: 0), noise.stream("mixture components", step: 0), 0..<count)
    self.count = count
    self.device = device
    sampleShape = [mixture.dimension]
  }

  public func batch(_ positions: [Int]) throws -> (samples: Tensor, condition: Condition) {
    (
      try samples.selected(Tensor(positions)).to(device),
      try Condition(classes: positions.map { labels[$0] }, on: device)
    )
  }
}

/// Coordinates as features, and the Bayes posterior of the class.
final class MixtureFeatures: FeatureNetwork {
  private let density: MixtureDensity

  init(_ mixture: Mixture, on device: Device) throws { density = try MixtureDensity(mixture, on: device) }

  func features(_ samples: Tensor, pixels: Tensor?) throws -> (features: Tensor, logProbabilities: Tensor) {
    (samples, try density.logPosterior(samples))
  }

  func fingerprint() throws -> Fingerprint { ["mixture": try hash(density.parameters())] }
}
