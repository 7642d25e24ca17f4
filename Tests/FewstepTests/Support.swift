import Files
import Foundation
import IDX
import Networks
import SDXL
import Tensors
import Testing

@testable import AMD
@testable import CLIPRewards
@testable import ClassifierReward
@testable import DMD
@testable import DMD2
@testable import DecoupledDMD
@testable import Fewstep
@testable import GaussianMixture
@testable import ImageReward
@testable import TeacherReward
@testable import PerturbedReward
@testable import PixelUNet
@testable import ExternalReward
@testable import RewardForcing
@testable import SiD

/// Everything we ship.
func shippedCatalog() -> Catalog {
  var catalog = Catalog()
  DMD.register(in: &catalog)
  DMD2.register(in: &catalog)
  AMD.register(in: &catalog)
  DecoupledDMD.register(in: &catalog)
  RewardForcing.register(in: &catalog)
  SiD.register(in: &catalog)
  GaussianMixture.register(in: &catalog)
  PixelUNet.register(in: &catalog)
  SDXL.register(in: &catalog)
  ClassifierReward.register(in: &catalog)
  PerturbedReward.register(in: &catalog)
  TeacherReward.register(in: &catalog)
  CLIPRewards.register(in: &catalog)
  ImageReward.register(in: &catalog)
  ExternalReward.register(in: &catalog)
  IDXImages.register(in: &catalog)
  return catalog
}

/// Settings of a plugin, as YAML.
func settings(_ text: String) throws -> SettingsReader { SettingsReader(try YAMLNode.parse(text)) }

/// Reproducible normal numbers, one row a sample; other purposes give others.
func normal(_ purpose: String, _ shape: [Int]) throws -> Tensor {
  try Noise(seed: 11).stream(purpose, step: 0).normal(0..<shape[0], Array(shape.dropFirst()))
}

/// Times inside 0.05..<0.95, float64.
func times(_ purpose: String, _ count: Int) throws -> Tensor {
  try Noise(seed: 11).stream(purpose, step: 0).uniform(0..<count, low: 0.05, high: 0.95).to(.float64)
}

func bytes(_ tensor: Tensor) throws -> [UInt8] { try tensor.withBytes { Array($0) } }

func expectClose(
  _ a: Tensor, _ b: Tensor, _ tolerance: Double = 1e-6, _ comment: String = "",
  location: SourceLocation = #_sourceLocation
) throws {
  #expect(a.shape == b.shape, sourceLocation: location)
  guard a.shape == b.shape else { return }
  let worst = zip(try a.detached().doubles(), try b.detached().doubles()).map { Swift.abs($0 - $1) }.max() ?? 0
  #expect(worst <= tolerance, "the largest difference is \(worst) \(comment)", sourceLocation: location)
}

func expectSame(_ a: Tensor, _ b: Tensor, _ comment: String = "", location: SourceLocation = #_sourceLocation) throws {
  #expect(a.shape == b.shape, sourceLocation: location)
  #expect(try bytes(a) == bytes(b), "\(comment)", sourceLocation: location)
}

/// A folder for one test, removed with the object.
final class Scratch: Sendable {
  let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "fewstep-core-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func path(_ name: String) -> String { folder + "/" + name }

  func write(_ text: String, to name: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }

  var files: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } }
}

// MARK: - Roles of the tests' own

/// Counts what a teacher is asked.
final class CountingTeacher: Teacher {
  let schedule: any NoiseSchedule
  let prediction: Prediction
  private let teacher: any Teacher
  /// The number of samples of each call.
  private(set) var calls = [Int]()

  init(_ teacher: any Teacher) {
    self.teacher = teacher
    schedule = teacher.schedule
    prediction = teacher.prediction
  }

  func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    calls.append(noisy.shape[0])
    return try teacher.modelOutput(for: noisy, at: time, given: condition)
  }
}

final class CountingFakeTeacher: FakeTeacher {
  let schedule: any NoiseSchedule
  let prediction: Prediction
  var parameters: ParameterStore { fakeTeacher.parameters }
  private let fakeTeacher: any FakeTeacher
  private(set) var calls = [Int]()

  init(_ fakeTeacher: any FakeTeacher) {
    self.fakeTeacher = fakeTeacher
    schedule = fakeTeacher.schedule
    prediction = fakeTeacher.prediction
  }

  func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    calls.append(noisy.shape[0])
    return try fakeTeacher.modelOutput(for: noisy, at: time, given: condition)
  }
}

/// A denoiser given by a formula for x̂0 of (x_t, α, σ, condition); as a fake teacher it has nothing to train.
final class FormulaDenoiser: Teacher, FakeTeacher {
  let schedule: any NoiseSchedule
  let prediction = Prediction.sample
  let parameters = ParameterStore(.random(seed: 0))
  private let formula: (_ noisy: Tensor, _ alpha: Tensor, _ sigma: Tensor, _ condition: Condition) throws -> Tensor

  init(
    _ schedule: any NoiseSchedule = RectifiedFlow(),
    formula: @escaping (_ noisy: Tensor, _ alpha: Tensor, _ sigma: Tensor, _ condition: Condition) throws -> Tensor
  ) {
    self.schedule = schedule
    self.formula = formula
  }

  /// These x̂0 [B, ...], and others for the condition "none".
  static func constant(_ conditional: Tensor, _ unconditional: Tensor? = nil) -> FormulaDenoiser {
    FormulaDenoiser { noisy, _, _, _ in
      noisy.shape[0] == conditional.shape[0]
        ? conditional : try concatenated([conditional, unconditional ?? conditional])
    }
  }

  func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    let (alpha, sigma) = try schedule.coefficients(time, like: noisy)
    return try formula(noisy, alpha, sigma, condition)
  }
}

/// A reward given by a formula.
final class FormulaReward: RewardProxy {
  private let formula: (Tensor) throws -> Tensor
  init(_ formula: @escaping (Tensor) throws -> Tensor) { self.formula = formula }
  func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor { try formula(samples) }
}

// MARK: - A stage on which objectives are tried

/// A small model family with its three roles, a batch of the student's samples with their graph, and all else that a scene
/// needs. Two stages of the same seed are equal to the bit.
final class Stage {
  let backbone: any Backbone
  var teacher: any Teacher
  let student: any Student
  var fakeTeacher: any FakeTeacher
  let condition: Condition
  let samples: Tensor
  var guidance = 1.0
  var scale = MatchingScale.dmd2

  static let count = 12

  init(_ backbone: any Backbone) throws {
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
  static func points() throws -> Stage { try Stage(tinyMixture()) }

  /// Small images, with a teacher that has parameters and features.
  static func images() throws -> Stage {
    let architecture = Architecture(
      image: [1, 8, 8], classes: 3, patch: 1, channels: 8, multipliers: [1, 2], heads: 2, groups: 4)
    return try Stage(PixelUNet(architecture, weights: .random(seed: 4), on: .cpu))
  }

  var groupAdvantage: GroupAdvantage { GroupAdvantage(groupSize: 4) }

  func batchRewards() throws -> BatchRewards {
    let rewards = try noGrad { try samples.detached().reshaped([Self.count, -1]).sum([1]) }
    return try BatchRewards(rewards: rewards, groupAdvantage: groupAdvantage)
  }

  func scene(sensed isSensed: Bool = true, pairs: Bool = false, studentTime: Double = 0.5) throws -> Scene {
    let shape = [Self.count] + backbone.sampleShape
    return Scene(
      samples: samples, condition: condition, time: try times("time", Self.count), noise: try normal("noise", shape),
      matching: Matching(guidance: Guidance(guidance), scale: scale), studentTime: studentTime, teacher: teacher,
      fakeTeacher: fakeTeacher, unconditional: backbone.unconditional,
      batchRewards: isSensed ? try batchRewards() : nil,
      realData: { [condition] in
        Scene.RealBatch(
          samples: try normal("real", shape), condition: condition, time: try times("gan time", Self.count),
          realNoise: try normal("real noise", shape), fakeNoise: try normal("fake noise", shape))
      },
      pairs: pairs
        ? { [student, condition] in
          Scene.Pairs(
            student: try FewStepSampler(steps: [1]).sample(student, upTo: 0, given: condition) { _ in
              try normal("pairs", shape)
            }, teacher: try normal("made", shape))
        } : nil)
  }
}

func tinyMixture(_ mixture: Mixture = .ring(6, radius: 2, deviation: 0.3, classes: 3)) -> GaussianMixture {
  GaussianMixture(
    mixture, network: GaussianMixture.Network(width: 16, layers: 2, embedding: 8), schedule: RectifiedFlow())
}

/// The density of a mixture backbone, as a reward.
enum DensityRewards {
  static func of(_ backbone: any Backbone) throws -> DensityReward {
    try DensityReward(#require(backbone as? GaussianMixture).mixture)
  }
}

/// Its loss is finite, its gradient is not.
final class PoisonousObjective: MatchingObjective {
  func studentLoss(_ scene: Scene) throws -> Loss { Loss(try sum(sqrt(scene.samples * 0.0))) }
  func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }
}

extension TrainingComponents {
  /// The same cast with another objective and another reward.
  func playing(_ objective: any MatchingObjective, reward: (any RewardProxy)? = nil) -> TrainingComponents {
    TrainingComponents(
      backbone: backbone, teacher: teacher, student: student, fakeTeacher: fakeTeacher, objective: objective,
      reward: reward)
  }
}
