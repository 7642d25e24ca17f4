import ArgumentParser
import Evaluation
import Fewstep
import Files
import Foundation
import Networks
import Processes
import Tensors

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a recipe and its files before training.",
    discussion: """
      Example:  fewstep check recipes/fashion-mnist/amd-4step.yaml

      Reads the recipe and every file it names, builds the networks, scores the real samples, takes two training steps whose
      result is not saved (--quick leaves them out), compares the free disk space with the checkpoints, and prints what the run will do.
      """)

  @OptionGroup var arguments: RecipeArguments
  @Flag(help: "Take no training steps: they are the slow part of large models.") var quick = false
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    Signals.listen()
    try interruptible(by: { try Signals.check("stopped; nothing was written") }) { try check() }
  }

  private func check() throws {
    let recipe = try arguments.load()
    let stages = CheckProgress()
    stages.begin("opening the networks and their files")
    let components = try TrainingComponents(recipe)
    noteUnused(recipe, components)
    noteScorers(components)
    if let evaluation = recipe.evaluation {
      stages.begin("reading and scoring the evaluation's real samples")
      _ = try ModelEvaluation(recipe, evaluation, backbone: components.backbone, teacher: components.teacher)
    }
    var preflight = try Preflight(recipe, components)
    guard preflight.disk.needed <= preflight.disk.free else {
      throw Failure(
        .io, at: "the disk", "checkpoints need \(room(preflight.disk.needed)), \(room(preflight.disk.free)) are free",
        advice: "Free some space, or lower output.keep.")
    }
    if !quick {
      stages.begin("two training steps")
      try Span.heard(by: stages) { try preflight.takeSteps(recipe, components) }
    }
    stages.end()
    try printResult(preflight, json: json, text(preflight, recipe))
  }

  private func text(_ preflight: Preflight, _ recipe: Recipe) -> String {
    var lines = [("recipe", "\(arguments.recipe): every key known, every value in range")]
    lines.append(("samples", "\(preflight.sampleShape) on \(recipe.device), \(preflight.prompts) prompts"))
    for (name, role) in [("student", preflight.student), ("fake teacher", preflight.fakeTeacher)] {
      lines.append((name, "\(role.parameters) parameters, \(role.trained) trained, in \(role.tensors) tensors"))
    }
    let omega = preflight.guidance
    lines.append(
      (
        "guidance", "x̂u + ω(x̂c - x̂u), ω = \(brief(omega)); elsewhere written x̂c + g(x̂c - x̂u), g = \(brief(omega - 1))"
      ))
    lines.append(("steps", "time      α         σ         the network's time"))
    for step in preflight.steps {
      let columns = [step.time, step.alpha, step.sigma, step.timestep]
      lines.append(("", columns.map { brief($0).padding(toLength: 10, withPad: " ", startingAt: 0) }.joined()))
    }
    lines += preflight.calendar.enumerated().map { ($0 == 0 ? "schedule" : "", $1) }
    lines.append(
      (
        "disk",
        "\(room(preflight.disk.checkpoint)) a checkpoint, \(room(preflight.disk.needed)) in all, "
          + "\(room(preflight.disk.free)) free"
      ))
    for (name, role) in [("student", preflight.student), ("fake teacher", preflight.fakeTeacher)] where !quick {
      let terms = role.losses.sorted { $0.key > $1.key }.map { "\($0.key) \(brief($0.value))" }
      lines.append((name, "\(terms.joined(separator: ", ")), gradient norm \(brief(role.gradientNorm))"))
    }
    if !quick {
      let total = preflight.secondsPerStep * Double(recipe.training.steps)
      lines.append(
        (
          "time",
          "\(brief(preflight.secondsPerStep)) s a step, some \(Progress.clock(total)) for \(recipe.training.steps)"
        ))
    }
    let table = lines.map { $0.0.padding(toLength: 13, withPad: " ", startingAt: 0) + $0.1 }
    return (table + ["The recipe is valid."]).joined(separator: "\n")
  }
}
