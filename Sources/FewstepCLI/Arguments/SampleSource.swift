import Fewstep
import Processes
import Foundation
import Media
import Tensors

/// The model that `fewstep sample` draws from: a run's student or teacher, or a pretrained model.
struct SampleSource {
  enum Maker {
    case student(any Student, steps: [Double])
    case teacher(any Teacher, steps: Int, Guidance, any Sampler)
  }

  let backbone: any Backbone
  let maker: Maker
  /// The folder of the run or of the model.
  let folder: String
  /// Everything that samples depend on besides the student's weights and the sampler, by name. May read all weights.
  let model: () throws -> Fingerprint

  /// "student, 4 steps"
  var name: String {
    switch maker {
    case .student(_, let steps): "student, \(steps.count) steps"
    case .teacher(_, let steps, _, _): "teacher, \(steps) steps"
    }
  }

  /// How many of its steps take noise.
  var noiseSteps: Int {
    switch maker {
    case .student(_, let steps): steps.count
    case .teacher: 1
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

  /// Everything that samples depend on besides their prompts and noise.
  func fingerprint() throws -> Fingerprint {
    var fingerprint = try model()
    for text in samplerSettings { fingerprint[text.keyword] = text.value }
    if case .student(let student, _) = maker {
      fingerprint["student"] = try hash(student.parameters.all.map { try $0.value.detached().to(.cpu) })
    }
    return fingerprint
  }

  /// - Parameter prompts: prompts in place of the run's; may be empty.
  /// - Throws: `Failure` if the model family takes no text prompts.
  func sampling(_ prompts: [String], seed: Int, batch: Int) throws -> SampleGenerator {
    guard !prompts.isEmpty else { return SampleGenerator(backbone, seed: seed, batch: batch) }
    guard let backbone = backbone as? any TextConditioned else {
      throw Failure(
        .usage, at: folder, "this model family takes no text prompts; it has \(backbone.prompts.count) prompts")
    }
    return SampleGenerator(backbone, prompts: prompts, seed: seed, batch: batch)
  }

  /// Samples [prompts.count, ...]. After Ctrl-C this stops between two calls of the network.
  ///
  /// - Parameter words: the message in that case.
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
