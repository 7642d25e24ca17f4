import Fewstep
import Files
import Tensors

/// What a trainer's first steps are made from: its weights, and the prompts, places in the step list, times and noises that
/// each update draws.
///
/// The draws are made here a second time, from the streams that `Trainer` names; were a name to differ, the losses would
/// not agree.
struct Recording {
  private var tensors = [(String, Tensor)]()
  private let noise: Noise
  private let batch: Range<Int>
  private let shape: [Int]

  init(_ trainer: Trainer, steps: Int) throws {
    let recipe = trainer.recipe
    noise = Noise(seed: recipe.seed)
    batch = 0..<recipe.training.batch
    shape = trainer.components.backbone.sampleShape
    for (role, store) in [
      ("student", trainer.components.student.parameters), ("fake teacher", trainer.components.fakeTeacher.parameters),
    ] {
      tensors += try store.state.map { ("\(role)/\($0.name)", try $0.tensor.detached().cloned()) }
    }
    let group = trainer.components.objective.groupAdvantage?.groupSize ?? 1
    for step in 0..<steps {
      let times = recipe.matching.times
      try add("student update 0", step, times: times)
      for update in 0..<recipe.fakeTeacherUpdates {
        let name = "update \(update)"
        let prompts = noise.stream("\(name) prompts", step: step)
          .integers(0..<batch.count / group, below: trainer.components.backbone.prompts.count)
        let place = Self.place(recipe, update, step)
        tensors.append(("\(step)/\(name) prompts", try Tensor(prompts)))
        tensors.append(("\(step)/\(name) student step", try Tensor([place])))
        for place in 0...place { try addNormal("\(name) noise \(place)", step) }
        try add("fake teacher \(name)", step, times: 0...1)
      }
    }
  }

  /// For each step the place in the student's step list at which each update makes its samples.
  static func places(_ recipe: Recipe, steps: Int) -> [[Int]] {
    (0..<steps).map { step in (0..<recipe.fakeTeacherUpdates).map { place(recipe, $0, step) } }
  }

  private static func place(_ recipe: Recipe, _ update: Int, _ step: Int) -> Int {
    let unit = Noise(seed: recipe.seed).stream("update \(update) student step", step: step).unit()
    return recipe.matching.steps.step(unit, of: recipe.steps.count)
  }

  func write(to path: String) throws { try Safetensors.write(tensors, to: path) }

  /// The time and the noise at which a role compares samples.
  private mutating func add(_ purpose: String, _ step: Int, times: ClosedRange<Double>) throws {
    let time = try noise.stream("\(purpose) time", step: step)
      .uniform(batch, low: times.lowerBound, high: times.upperBound)
    tensors.append(("\(step)/\(purpose) time", time))
    try addNormal("\(purpose) noise", step)
  }

  private mutating func addNormal(_ purpose: String, _ step: Int) throws {
    tensors.append(("\(step)/\(purpose)", try noise.stream(purpose, step: step).normal(batch, shape)))
  }
}
