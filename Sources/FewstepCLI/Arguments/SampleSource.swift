import Fewstep
import Processes
import Foundation
import Media
import Tensors

/// What `fewstep sample` draws from: a run's student or teacher, or a pretrained model.
struct SampleSource {
  enum Maker {
    case student(any Student, steps: [Double])
    case teacher(any Teacher, steps: Int, Guidance, any Sampler)
  }

  let backbone: any Backbone
  let maker: Maker
  /// The run's or the model's folder.
  let folder: String
  /// What samples depend on beside the student's weights and the sampler, by name. May read all weights.
  let model: () throws -> Fingerprint

  /// "student, 4 steps"
  var name: String {
    switch maker {
    case .student(_, let steps): "student, \(steps.count) steps"
    case .teacher(_, let steps, _, _): "teacher, \(steps) steps"
    }
  }

  /// What pictures are made from, for their metadata.
  var settings: [PNGImage.Text] {
    [PNGImage.Text("Software", "Fewstep"), PNGImage.Text("model", folder)] + samplerSettings
  }

  private var samplerSettings: [PNGImage.Text] {
    switch maker {
    case .student(_, let steps): [PNGImage.Text("times", "\(steps)")]
    case .teacher(_, let steps, let guidance, let sampler):
      [
        PNGImage.Text("steps", "\(steps)"), PNGImage.Text("guidance", "\(guidance.scale)"),
        PNGImage.Text("sampler", "\(type(of: sampler))"),
      ]
    }
  }

  /// What samples depend on besides their prompts and noise.
  func fingerprint() throws -> Fingerprint {
    var fingerprint = try model()
    for text in samplerSettings { fingerprint[text.keyword] = text.value }
    if case .student(let student, _) = maker {
      fingerprint["student"] = try hash(student.parameters.all.map { try $0.value.detached().to(.cpu) })
    }
    return fingerprint
  }

  /// - Parameter prompts: in place of the run's, if there are any.
  /// - Throws: `Failure` if the model family cannot be given prompts.
  func sampling(_ prompts: [String], seed: Int, batch: Int) throws -> SampleGenerator {
    guard !prompts.isEmpty else { return SampleGenerator(backbone, seed: seed, batch: batch) }
    guard let backbone = backbone as? any TextConditioned else {
      throw Failure(
        .usage, at: folder, "this model family takes no text prompts; it has \(backbone.prompts.count) prompts")
    }
    return SampleGenerator(backbone, prompts: prompts, seed: seed, batch: batch)
  }

  /// Samples [prompts.count, ...]; stops between networks' calls after Ctrl-C.
  ///
  /// - Parameter words: what is said then.
  func samples(
    _ sampling: SampleGenerator, promptIDs: [Int], ifStopped words: String, progress: (Int) -> Void = { _ in }
  ) throws -> Tensor {
    switch maker {
    case .student(let student, let steps):
      return try sampling.fewStep(student, steps: steps, promptIDs: promptIDs) {
        try Signals.check(words)
        progress($0)
      }
    case .teacher(let teacher, let steps, let guidance, let sampler):
      return try sampling.teacher(
        StoppableTeacher(teacher, words), steps: steps, guidance: guidance, sampler: sampler, promptIDs: promptIDs,
        progress: progress)
    }
  }
}
