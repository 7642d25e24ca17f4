import Fewstep
import Networks
import Tensors

/// A small test bench for one objective: points in space, three classes, and everything that a scene can provide. Two
/// benches are equal bit for bit.
final class ObjectiveTestBench {
  let objective: any MatchingObjective
  let backbone: PointBackbone
  let teacher: PointNetwork
  let student: PointNetwork
  let fakeTeacher: PointNetwork
  /// The number of samples: two halves of whole groups.
  let count: Int
  /// The length of one of the networks' units in units of the sample space.
  var unit = 1.0
  var matching = Matching(guidance: Guidance(2))
  /// Whether the fake teacher replaces the real one.
  var teachersAgree = false
  private let group: Int
  private let noise = Noise(seed: 5)

  init(_ make: () throws -> any MatchingObjective, on device: Device = .cpu) throws {
    backbone = PointBackbone(device: device)
    teacher = try backbone.network(seed: 1)
    try teacher.parameters.setTrainable(false)
    (student, fakeTeacher) = (try backbone.network(seed: 2), try backbone.network(seed: 3))
    objective = try make()
    group = objective.groupAdvantage?.groupSize ?? 1
    count = 2 * group * ((group + 3) / group)
    try objective.prepare(for: scenes(), seed: 4)
  }

  var halves: [Range<Int>] { [0..<count / 2, count / 2..<count] }

  /// The names and parameters of all networks that may get gradients.
  var stores: [(role: String, parameters: ParameterStore)] {
    [("student", student.parameters), ("fake teacher", fakeTeacher.parameters), ("teacher", teacher.parameters)]
      + (objective.parameters.map { [("objective's own", $0)] } ?? [])
  }

  /// The student's samples of a step with their graph; or as leaves, to get the gradient of each.
  func samples(step: Int = 0) throws -> Tensor {
    try FewStepSampler(steps: [1, 0.5]).sample(student, upTo: 1, given: condition(0..<count)) { place in
      try normal("generation \(place)", 0..<count, step)
    } * unit
  }
  func leaves() throws -> Tensor { try samples().detached().requiringGrad() }

  func scene(_ samples: Tensor, step: Int = 0, _ range: Range<Int>? = nil) throws -> Scene {
    let range = range ?? 0..<count
    return try scenes().scene(
      of: samples.rows(range), condition(range), range, times: 0.1...0.9, studentStep: 1,
      batchRewards: objective.groupAdvantage.map {
        try BatchRewards(
          rewards: noise.stream("rewards", step: step).normal(0..<count, [], on: backbone.device), groupAdvantage: $0)
      }, streams: { [noise] in noise.stream($0, step: step) },
      real: { [self] in (try normal("real", range, step) * unit, try condition(range)) },
      pairs: { [self] in
        (
          noise: try normal("pairs", range, step) * unit, samples: try normal("made", range, step) * unit,
          condition: try condition(range)
        )
      })
  }

  private func scenes() -> SceneBuilder {
    let real: any Teacher = teachersAgree ? fakeTeacher : teacher
    var scenes = SceneBuilder(
      backbone: backbone, teacher: InUnits(real, unit), student: InUnits(student, unit),
      fakeTeacher: InUnits(fakeTeacher, unit), steps: [1, 0.5], matching: matching)
    scenes.unit = unit
    return scenes
  }

  private func condition(_ range: Range<Int>) throws -> Condition {
    try backbone.condition(range.map { $0 / group % backbone.prompts.count })
  }

  private func normal(_ purpose: String, _ range: Range<Int>, _ step: Int) throws -> Tensor {
    try noise.stream(purpose, step: step).normal(range, backbone.sampleShape, on: backbone.device)
  }
}

/// A denoiser for samples in other units.
private final class InUnits: Teacher, Student, FakeTeacher {
  let schedule: any NoiseSchedule
  let prediction: Prediction
  let parameters: ParameterStore
  private let denoiser: any Denoiser
  private let unit: Double

  init(_ denoiser: any Denoiser, _ unit: Double) {
    (self.denoiser, self.unit) = (denoiser, unit)
    (schedule, prediction) = (denoiser.schedule, denoiser.prediction)
    parameters = (denoiser as? any Trainable)?.parameters ?? ParameterStore(.shapes)
  }

  func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try denoiser.modelOutput(for: noisy / unit, at: time, given: condition) * unit
  }

  func features(of noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try denoiser.features(of: noisy / unit, at: time, given: condition)
  }
}
