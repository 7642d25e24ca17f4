import Media
import Tensors

/// The model that samples are drawn from: a run's student or teacher, or a pretrained model, each with its sampler.
public struct SampleSource {
  enum Sampling {
    case student(any Student, steps: [Double])
    case teacher(any Teacher, steps: Int, Guidance, SamplerKind)
  }

  public let backbone: any Backbone
  /// The folder of the run or of the model.
  public let folder: String
  /// The number of samples made at once by default: as many as a run trains at once, 50 at most; one of a model.
  public let batch: Int
  private let sampling: Sampling
  /// Everything that samples depend on besides the student's weights and the sampler, by name. May read all weights.
  private let model: () throws -> Fingerprint

  init(
    _ backbone: any Backbone, _ sampling: Sampling, folder: String, batch: Int,
    model: @escaping () throws -> Fingerprint
  ) {
    (self.backbone, self.sampling, self.folder, self.batch, self.model) = (backbone, sampling, folder, batch, model)
  }

  /// "student, 4 steps"
  public var name: String {
    switch sampling {
    case .student(_, let steps): "student, \(steps.count) steps"
    case .teacher(_, let steps, _, _): "teacher, \(steps) steps"
    }
  }

  /// The number of its sampler's steps.
  public var stepCount: Int {
    switch sampling {
    case .student(_, let steps): steps.count
    case .teacher(_, let steps, _, _): steps
    }
  }

  /// The number of its steps that take noise.
  public var noiseSteps: Int {
    switch sampling {
    case .student(_, let steps): steps.count
    case .teacher: 1
    }
  }

  /// The origin of images, for their metadata.
  public var settings: [PNGImage.Text] {
    [PNGImage.Text("Software", "Fewstep"), PNGImage.Text("model", folder)] + samplerSettings
  }

  private var samplerSettings: [PNGImage.Text] {
    switch sampling {
    case .student(_, let steps): [PNGImage.Text("times", "\(steps)")]
    case .teacher(_, let steps, let guidance, let sampler):
      [
        PNGImage.Text("steps", "\(steps)"), PNGImage.Text("guidance", "\(guidance.scale)"),
        PNGImage.Text("sampler", sampler.rawValue),
      ]
    }
  }

  /// Everything that samples depend on besides their prompts and noise.
  public func fingerprint() throws -> Fingerprint {
    var fingerprint = try model()
    for text in samplerSettings { fingerprint[text.keyword] = text.value }
    if case .student(let student, _) = sampling {
      fingerprint["student"] = try hash(student.parameters.all.map { try $0.value.detached().to(.cpu) })
    }
    return fingerprint
  }

  /// Noise and prompts for samples.
  ///
  /// - Parameters:
  ///   - prompts: prompts in place of the run's; may be empty.
  ///   - batch: samples made at once; nil takes `batch`.
  /// - Throws: `Failure` if the model family takes no text prompts.
  public func generator(_ prompts: [String], seed: Int, batch: Int? = nil) throws -> SampleGenerator {
    let batch = batch ?? self.batch
    guard !prompts.isEmpty else { return SampleGenerator(backbone, seed: seed, batch: batch) }
    guard let backbone = backbone as? any TextConditioned else {
      throw Failure(
        .usage, at: folder, "this model family takes no text prompts; it has \(backbone.prompts.count) prompts")
    }
    return SampleGenerator(backbone, prompts: prompts, seed: seed, batch: batch)
  }

  /// Samples [promptIDs.count, ...], in the host's memory.
  ///
  /// - Parameter progress: called with the number of samples that are made.
  public func samples(
    _ generator: SampleGenerator, promptIDs: [Int], progress: (Int) -> Void = { _ in }
  ) throws -> Tensor {
    switch sampling {
    case .student(let student, let steps):
      try generator.fewStep(student, steps: steps, promptIDs: promptIDs, progress: progress)
    case .teacher(let teacher, let steps, let guidance, let sampler):
      try generator.teacher(
        teacher, steps: steps, guidance: guidance, sampler: sampler.sampler, promptIDs: promptIDs, progress: progress)
    }
  }
}
