import Networks
import Tensors

/// Samples of a teacher or a student, batch by batch, in the host's memory. The noise is a function of (seed, sample): all
/// denoisers get the same noise, so their samples can be compared.
public struct SampleGenerator {
  public let backbone: any Backbone
  public let seed: Int
  public let batch: Int
  /// Prompts that are sampled in place of the backbone's. Prompt IDs are then positions in this list.
  public let prompts: [String]?
  /// The number of the first sample, which selects its noise: samples can be made in several calls.
  public var first = 0
  /// Called after each pass of a sampler with the samples times the steps that are done: a large video takes long for one.
  public var stepped: (_ done: Int) -> Void = { _ in }
  /// Noises [steps, samples, ...] that are used in place of the seed's.
  private var noises: Tensor?

  public init(_ backbone: any Backbone, seed: Int, batch: Int = 50) {
    self.backbone = backbone
    self.seed = seed
    self.batch = batch
    prompts = nil
  }

  public init(_ backbone: any TextConditioned, prompts: [String], seed: Int, batch: Int = 50) {
    self.backbone = backbone
    self.seed = seed
    self.batch = batch
    self.prompts = prompts
  }

  /// Uses noises in place of the seed's.
  ///
  /// - Parameters:
  ///   - noises: [steps or more, count or more, ...].
  ///   - steps: of the sampler that need noise: all times of a student, 1 for a teacher.
  ///   - place: the file that they come from.
  /// - Throws: `Failure` if they have another shape.
  public mutating func take(noises: Tensor, steps: Int, count: Int, from place: String) throws {
    guard noises.rank == backbone.sampleShape.count + 2, noises.shape[0] >= steps, noises.shape[1] >= count,
      Array(noises.shape.dropFirst(2)) == backbone.sampleShape
    else {
      let sample = backbone.sampleShape.map(String.init).joined(separator: ", ")
      throw Failure(
        .malformed, at: place, expected: "[\(steps) steps or more, \(count) samples or more, \(sample)]",
        got: noises.summary)
    }
    self.noises = try noises.to(.float32)
  }

  /// The IDs of prompts in turn: 0, 1, ..., K-1, 0, ...
  public func promptIDs(_ count: Int) -> [Int] { (0..<count).map { $0 % (prompts ?? backbone.prompts).count } }

  private func condition(_ promptIDs: [Int]) throws -> Condition {
    guard let prompts, let backbone = backbone as? any TextConditioned else { return try backbone.condition(promptIDs) }
    return try backbone.condition(prompts: promptIDs.map { prompts[$0] })
  }

  /// The re-noising few-step sampler at a list of times.
  public func fewStep(
    _ denoiser: any Denoiser, steps: [Double], promptIDs: [Int], progress: (Int) throws -> Void = { _ in }
  ) throws -> Tensor {
    try batches(promptIDs, progress) { range, condition in
      try FewStepSampler(steps: steps).sample(denoiser, upTo: steps.count - 1, given: condition) {
        stepped(range.lowerBound * steps.count + $0 * range.count)
        return try noise($0, range)
      }
    }
  }

  /// The teacher in the student's sampler and at the student's times. A student with the teacher's weights makes these
  /// samples.
  public func teacherFewStep(
    _ teacher: any Teacher, steps: [Double], guidance: Guidance, promptIDs: [Int],
    progress: (Int) throws -> Void = { _ in }
  ) throws -> Tensor {
    try fewStep(
      GuidedTeacher(teacher, guidance, backbone.unconditional), steps: steps, promptIDs: promptIDs, progress: progress)
  }

  /// The teacher with a many-step sampler.
  public func teacher(
    _ teacher: any Teacher, steps: Int, guidance: Guidance, sampler: any Sampler = DDIM(), promptIDs: [Int],
    progress: (Int) throws -> Void = { _ in }
  ) throws -> Tensor {
    try batches(promptIDs, progress) { range, condition in
      let times = teacher.schedule.samplingTimes(steps)
      return try sampler.sample(noise(0, range), times: times, schedule: teacher.schedule) { x, time in
        let clean = try teacher.guided(
          from: x, at: .full([range.count], time, .float64), given: condition,
          unconditional: backbone.unconditional, guidance: guidance)
        stepped(range.lowerBound * steps + times.count { $0 >= time } * range.count)
        return clean
      }
    }
  }

  private func noise(_ place: Int, _ range: Range<Int>) throws -> Tensor {
    if let noises {
      return try noises.rows(place..<place + 1).squeezed(0).rows(range).to(backbone.device)
    }
    return try Noise(seed: seed).stream("sampling \(place)", step: 0).normal(
      first + range.lowerBound..<first + range.upperBound, backbone.sampleShape, on: backbone.device)
  }

  /// The batches of these prompts.
  func conditions(_ promptIDs: [Int]) -> [(range: Range<Int>, () throws -> Condition)] {
    stride(from: 0, to: promptIDs.count, by: batch).map { start in
      let range = start..<min(start + batch, promptIDs.count)
      return (range, { try condition(Array(promptIDs[range])) })
    }
  }

  private func batches(
    _ promptIDs: [Int], _ progress: (Int) throws -> Void, _ make: (Range<Int>, Condition) throws -> Tensor
  ) throws -> Tensor {
    try noGrad {
      try concatenated(
        conditions(promptIDs).map { range, condition in
          let part = try make(range, condition()).to(.cpu)
          try progress(range.upperBound)
          return part
        })
    }
  }
}

/// A teacher under guidance, as one denoiser.
private final class GuidedTeacher: Denoiser {
  let schedule: any NoiseSchedule
  let prediction = Prediction.sample
  private let teacher: any Teacher
  private let guidance: Guidance
  private let unconditional: (Condition) throws -> Condition

  init(
    _ teacher: any Teacher, _ guidance: Guidance, _ unconditional: @escaping (Condition) throws -> Condition
  ) {
    schedule = teacher.schedule
    self.teacher = teacher
    self.guidance = guidance
    self.unconditional = unconditional
  }

  func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try teacher.guided(
      from: noisy, at: time, given: condition, unconditional: unconditional, guidance: guidance)
  }
}
