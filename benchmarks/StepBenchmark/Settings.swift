import ArgumentParser
import Fewstep

/// What the recipe says of a step, for the other side to do the same.
struct Settings: Encodable {
  let batch: Int
  let shape: [Int]
  let classes: Int
  let steps: [Double]
  let guidance: Double
  let groupSize: Int
  let studentRate: Double
  let fakeRate: Double
  let gradientLimit: Double?
  let ema: Double
  let fakeUpdates: Int
  let times: [Double]

  init(_ trainer: Trainer) throws {
    let recipe = trainer.recipe
    guard case .constant(let decay, _)? = recipe.ema, let groupAdvantage = trainer.components.objective.groupAdvantage
    else {
      throw ValidationError("the recipe needs a reward and a constant average (ema: {decay: ...}) to be compared")
    }
    batch = recipe.training.batch
    shape = trainer.components.backbone.sampleShape
    classes = trainer.components.backbone.prompts.count
    steps = recipe.steps
    guidance = recipe.matching.guidance.scale
    groupSize = groupAdvantage.groupSize
    studentRate = recipe.student.optimization.optimizer.learningRate
    fakeRate = recipe.fakeTeacher.optimization.optimizer.learningRate
    gradientLimit = recipe.student.optimization.gradientLimit
    ema = decay
    fakeUpdates = recipe.fakeTeacherUpdates
    times = [recipe.matching.times.lowerBound, recipe.matching.times.upperBound]
  }
}
