import ArgumentParser
import Evaluation
import Fewstep
import Processes
import Tensors

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Score a run's student and teacher against real samples.",
    discussion: """
      Example:  fewstep evaluate runs/quickstart --samples 5000 --set evaluation.teacher-steps=[20,50]
      """)

  @Argument(help: "A run folder whose recipe has an `evaluation` section.") var folder: String
  @Option(help: "Which checkpoint, by its step; by default the best if the run keeps it, otherwise the last.") var step:
    Int?
  @Option(help: "How many samples; by default the recipe's number.") var samples: Int?
  @Option(name: .customLong("set"), help: "Replace one value of the evaluation: evaluation.KEY=VALUE. May be repeated.")
  var overrides: [String] = []
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    try require("--samples", samples, in: 2...Limits.samples.upperBound)
    if let other = overrides.first(where: { !$0.hasPrefix("evaluation.") }) {
      throw ValidationError("--set \(other): only values below `evaluation` can be replaced after a run")
    }
  }

  func run() throws {
    let opened = try FinishedRun(folder, step: step, overrides: overrides)
    guard var settings = opened.recipe.evaluation else {
      throw Failure(.malformed, at: "\(folder)/recipe.yaml", "there is no `evaluation` section")
    }
    if let samples { settings.samples = samples }
    let student = try opened.student().student
    Signals.listen()
    let progress = EvaluationProgress("stopped while evaluating; nothing was written")
    let scores = try progress {
      let evaluation = try ModelEvaluation(
        opened.recipe, settings, backbone: opened.backbone, teacher: opened.backbone.teacher())
      return try evaluation.scores(student: student, steps: opened.recipe.steps, progress: progress.update)
    }
    try printResult(scores, json: json, scores.text)
  }
}
