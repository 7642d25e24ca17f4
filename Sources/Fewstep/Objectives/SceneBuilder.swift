import Tensors

/// Builds scenes: holds the parts that all scenes of a run share, and draws the random numbers of each.
public struct SceneBuilder {
  public let backbone: any Backbone
  public let teacher: any Teacher
  public let student: any Student
  public let fakeTeacher: any FakeTeacher
  /// The times to which drawn ones are clamped; nil does not clamp them.
  private let clamp: ClosedRange<Double>?
  /// The student's times.
  public let steps: [Double]
  public let matching: Matching
  /// Bounds of the times at which samples are noised for the discriminator.
  public var discriminatorTimes: ClosedRange<Double>
  /// The factor of all noise, for samples in other units.
  public var unit = 1.0

  /// Random numbers of one scene by purpose: "time", "noise", "gan time", "gan real noise", "gan fake noise".
  public typealias Streams = (_ purpose: String) -> Noise.Stream
  /// Real samples [B, ...] and their conditions.
  public typealias RealSamples = () throws -> (samples: Tensor, condition: Condition)
  /// Recorded noises, the teacher's samples from them (both [B, ...]), and their conditions.
  public typealias RecordedPairs = () throws -> (noise: Tensor, samples: Tensor, condition: Condition)

  public init(
    backbone: any Backbone, teacher: any Teacher, student: any Student, fakeTeacher: any FakeTeacher, steps: [Double],
    matching: Matching
  ) {
    self.backbone = backbone
    self.teacher = teacher
    self.student = student
    self.fakeTeacher = fakeTeacher
    self.steps = steps
    self.matching = matching
    discriminatorTimes = fakeTeacher.schedule.trainingTimes
    clamp = matching.levels.map { levels in
      let schedule = teacher.schedule
      return schedule.time(ofLevel: levels.lowerBound)...schedule.time(ofLevel: levels.upperBound)
    }
  }

  /// A scene at times drawn inside `times`.
  ///
  /// - Parameters:
  ///   - samples: [B, ...], the rows `range` of the step's batch.
  ///   - studentStep: the step of the student that made them, by its position in `steps`.
  ///   - real: real samples, for a discriminator; nil if there are none.
  ///   - pairs: recorded pairs, for a regression; nil if there are none.
  public func scene(
    of samples: Tensor, _ condition: Condition, _ range: Range<Int>, times: ClosedRange<Double>,
    studentStep: Int = 0, batchRewards: BatchRewards? = nil, streams: @escaping Streams, real: RealSamples? = nil,
    pairs: RecordedPairs? = nil
  ) throws -> Scene {
    try scene(
      of: samples, condition, range, time: draw(streams("time"), range, in: times),
      noise: normal(streams("noise"), range), studentStep: studentStep, batchRewards: batchRewards, streams: streams,
      real: real, pairs: pairs)
  }

  /// A scene at given times [B] and with given noise [B, ...].
  public func scene(
    of samples: Tensor, _ condition: Condition, _ range: Range<Int>, time: Tensor, noise: Tensor,
    studentStep: Int = 0, batchRewards: BatchRewards? = nil, streams: @escaping Streams, real: RealSamples? = nil,
    pairs: RecordedPairs? = nil
  ) throws -> Scene {
    Scene(
      samples: samples, condition: condition, fakeCondition: try told(condition, studentStep), time: time, noise: noise,
      matching: matching, studentTime: steps[studentStep],
      teacher: teacher, fakeTeacher: fakeTeacher, unconditional: backbone.unconditional, batchRewards: batchRewards,
      range: range,
      realData: real.map { real in { try realBatch(real(), range, studentStep, streams) } },
      pairs: pairs.map { pairs in { try regression(pairs()) } })
  }

  private func draw(_ stream: Noise.Stream, _ range: Range<Int>, in times: ClosedRange<Double>) throws -> Tensor {
    let drawn = try matching.sampling.times(stream, range, in: times)
    return try clamp.map { try drawn.clamped($0.lowerBound, $0.upperBound) } ?? drawn
  }

  /// The step is not told if all are matched at once.
  private func told(_ condition: Condition, _ step: Int) throws -> Condition {
    try matching.steps == .stepAware ? condition.told(step: step, on: backbone.device) : condition
  }

  private func realBatch(
    _ real: (samples: Tensor, condition: Condition), _ range: Range<Int>, _ studentStep: Int, _ streams: Streams
  ) throws -> Scene.RealBatch {
    Scene.RealBatch(
      samples: try real.samples.to(backbone.device), condition: try told(real.condition, studentStep),
      time: try draw(streams("gan time"), range, in: discriminatorTimes),
      realNoise: try normal(streams("gan real noise"), range), fakeNoise: try normal(streams("gan fake noise"), range))
  }

  private func regression(_ pairs: (noise: Tensor, samples: Tensor, condition: Condition)) throws -> Scene.Pairs {
    Scene.Pairs(
      student: try FewStepSampler(steps: steps).sample(student, upTo: 0, given: pairs.condition) { _ in pairs.noise },
      teacher: pairs.samples)
  }

  private func normal(_ stream: Noise.Stream, _ range: Range<Int>) throws -> Tensor {
    let noise = try stream.normal(range, backbone.sampleShape, on: backbone.device)
    return unit == 1 ? noise : try noise * unit
  }
}
