import Fewstep
import Foundation
import Storage
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

  /// "student, 4 steps"
  var name: String {
    switch maker {
    case .student(_, let steps): "student, \(steps.count) steps"
    case .teacher(_, let steps, _, _): "teacher, \(steps) steps"
    }
  }

  /// What pictures are made from, for their metadata.
  var settings: [PNGImage.Text] {
    let made: [PNGImage.Text] =
      switch maker {
      case .student(_, let steps): [PNGImage.Text("times", "\(steps)")]
      case .teacher(_, let steps, let guidance, let sampler):
        [
          PNGImage.Text("steps", "\(steps)"), PNGImage.Text("guidance", "\(guidance.scale)"),
          PNGImage.Text("sampler", "\(type(of: sampler))"),
        ]
      }
    return [PNGImage.Text("Software", "Fewstep"), PNGImage.Text("model", folder)] + made
  }

  /// Samples [prompts.count, ...]; stops between networks' calls after Ctrl-C.
  func samples(_ sampling: Sampling, prompts: [Int]) throws -> Tensor {
    let stopped = "stopped while sampling; nothing was written"
    let progress = Progress(total: prompts.count)
    switch maker {
    case .student(let student, let steps):
      return try sampling.fewStep(student, steps: steps, prompts: prompts) {
        try stopIfAsked(stopped)
        progress.update($0, name)
      }
    case .teacher(let teacher, let steps, let guidance, let sampler):
      return try sampling.teacher(
        StoppableTeacher(teacher, stopped), steps: steps, guidance: guidance, sampler: sampler, prompts: prompts
      ) { progress.update($0, name) }
    }
  }
}
