import ArgumentParser
import Fewstep
import Foundation
import Storage
import Tensors

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find out before training what can be known before training.",
    discussion: """
      Example:  fewstep check recipes/fashion-mnist/amd-4step.yaml

      Reads the recipe and every file it names, builds the networks, does one update of each role on the real tensors
      (nothing is kept), compares the disk's room with the checkpoints, and prints how the run will go.
      """)

  @OptionGroup var arguments: RecipeArguments

  func run() throws {
    let recipe = try arguments.load()
    print("recipe       \(arguments.recipe): every key known, every value in range")
    let cast = try Cast(recipe)
    noteUnused(recipe, cast)
    print("samples      \(cast.backbone.sampleShape) on \(recipe.device), \(cast.backbone.prompts.count) prompts")
    for (role, store) in [("student", cast.student.parameters), ("fake teacher", cast.fakeTeacher.parameters)] {
      let trained = store.trainable.reduce(0) { $0 + $1.value.count }
      print("\(pad(role)) \(store.count) parameters, \(trained) trained, in \(store.all.count) tensors")
    }
    if let evaluation = recipe.evaluation {
      let context = PluginContext(device: recipe.device, seed: recipe.seed, backbone: cast.backbone)
      _ = try evaluation.features(context)
      let real = try evaluation.reference(context)
      print("evaluation   \(evaluation.samples) samples against \(real.count) real ones")
      if evaluation.samples > real.count {
        throw CommandError(
          ExitCodes.invalid, "evaluation.samples: \(evaluation.samples), but the reference has \(real.count)")
      }
    }
    let omega = recipe.matching.guidance.scale
    print(
      "guidance     x̂u + ω(x̂c - x̂u), ω = \(brief(omega)); elsewhere written x̂c + g(x̂c - x̂u), g = \(brief(omega - 1))")
    printSteps(recipe, cast)
    printCalendar(recipe, cast)
    try checkDisk(recipe, cast)
    try microStep(recipe, cast)
  }

  private func printSteps(_ recipe: Recipe, _ cast: Cast) {
    let schedule = cast.teacher.schedule
    print("steps        time      α         σ         the network's time")
    for time in recipe.steps {
      let columns = [time, schedule.alpha(time), schedule.sigma(time), schedule.modelTime(time)]
      print("             " + columns.map { brief($0).padding(toLength: 10, withPad: " ", startingAt: 0) }.joined())
    }
  }

  private func printCalendar(_ recipe: Recipe, _ cast: Cast) {
    let interval = cast.objective.sensing?.interval
    let days = (0..<min(10, recipe.training.steps)).map { step in
      "\(step)" + (interval.map { step % $0 == 0 ? "R" : "" } ?? "")
    }
    print(
      "calendar     step \(days.joined(separator: " ")) ...: each one student update and \(recipe.fakeTeacherUpdates) fake-teacher"
        + " updates\(interval == nil ? "" : "; R: rewards are evaluated")")
  }

  private func checkDisk(_ recipe: Recipe, _ cast: Cast) throws {
    let trained = cast.student.parameters.trainable.reduce(0) { $0 + $1.value.count }
    let fake = cast.fakeTeacher.parameters.trainable.reduce(0) { $0 + $1.value.count }
    let numbers =
      cast.student.parameters.count + cast.fakeTeacher.parameters.count + 2 * (trained + fake)
      + (recipe.ema == nil ? 0 : trained)
    let size = 4 * numbers
    // One more than are kept exists while the next is written.
    let need = size * (recipe.output.keep + 1)
    let free = try DiskSpace.available(at: FileManager.default.currentDirectoryPath)
    print("disk         \(room(size)) a checkpoint, \(room(need)) in all, \(room(free)) free")
    if need > free {
      throw CommandError(
        ExitCodes.io,
        "the disk has \(room(free)) free, checkpoints need \(room(need)): free some, or lower output.keep")
    }
  }

  private func microStep(_ recipe: Recipe, _ cast: Cast) throws {
    let trainer = try Trainer(recipe, cast: cast)
    _ = try trainer.step()
    let start = Date()
    let report = try trainer.step()
    let seconds = -start.timeIntervalSinceNow
    for (role, terms, norm) in [
      ("student", report.student, report.studentNorm), ("fake teacher", report.fakeTeacher, report.fakeTeacherNorm),
    ] {
      let words = terms.map { "\($0.name) \(brief($0.value))" }.joined(separator: ", ")
      print("\(pad(role)) \(words), gradient norm \(brief(norm))")
    }
    let total = seconds * Double(recipe.training.steps)
    print("time         \(brief(seconds)) s a step, some \(Progress.clock(total)) for \(recipe.training.steps)")
    print("all is well")
  }

  private func pad(_ text: String) -> String { text.padding(toLength: 13, withPad: " ", startingAt: 0) }
  private func room(_ bytes: Int) -> String {
    bytes < 1_000_000_000 ? "\(brief(Double(bytes) / 1e6)) MB" : "\(brief(Double(bytes) / 1e9)) GB"
  }
}
