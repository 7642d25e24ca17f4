import ArgumentParser
import Evaluation
import Fewstep
import Files
import Foundation
import Networks
import Tensors

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find out before training what can be known before training.",
    discussion: """
      Example:  fewstep check recipes/fashion-mnist/amd-4step.yaml

      Reads the recipe and every file it names, builds the networks, scores the real samples, does one update of each role on
      the real tensors (nothing is kept), compares the disk's room with the checkpoints, and prints how the run will go.
      """)

  @OptionGroup var arguments: RecipeArguments
  @Flag(help: "Print what was found as JSON.") var json = false

  func run() throws {
    let recipe = try arguments.load()
    let components = try TrainingComponents(recipe)
    noteUnused(recipe, components)
    noteScorers(components)
    if let evaluation = recipe.evaluation {
      _ = try ModelEvaluation(recipe, evaluation, backbone: components.backbone, teacher: components.teacher)
    }
    var findings = try Findings(recipe, components)
    guard findings.disk.needed <= findings.disk.free else {
      throw CommandError(
        ExitCodes.io,
        "the disk has \(room(findings.disk.free)) free, checkpoints need \(room(findings.disk.needed)): "
          + "free some, or lower output.keep")
    }
    try findings.takeSteps(recipe, components)
    print(json ? String(decoding: try JSONEncoder.pretty.encode(findings), as: UTF8.self) : text(findings, recipe))
  }

  private func text(_ findings: Findings, _ recipe: Recipe) -> String {
    var lines = [("recipe", "\(arguments.recipe): every key known, every value in range")]
    lines.append(("samples", "\(findings.sampleShape) on \(recipe.device), \(findings.prompts) prompts"))
    for (name, role) in [("student", findings.student), ("fake teacher", findings.fakeTeacher)] {
      lines.append((name, "\(role.parameters) parameters, \(role.trained) trained, in \(role.tensors) tensors"))
    }
    let omega = findings.guidance
    lines.append(
      (
        "guidance", "x̂u + ω(x̂c - x̂u), ω = \(brief(omega)); elsewhere written x̂c + g(x̂c - x̂u), g = \(brief(omega - 1))"
      ))
    lines.append(("steps", "time      α         σ         the network's time"))
    for step in findings.steps {
      let columns = [step.time, step.alpha, step.sigma, step.timestep]
      lines.append(("", columns.map { brief($0).padding(toLength: 10, withPad: " ", startingAt: 0) }.joined()))
    }
    lines += findings.calendar.enumerated().map { ($0 == 0 ? "calendar" : "", $1) }
    lines.append(
      (
        "disk",
        "\(room(findings.disk.checkpoint)) a checkpoint, \(room(findings.disk.needed)) in all, "
          + "\(room(findings.disk.free)) free"
      ))
    for (name, role) in [("student", findings.student), ("fake teacher", findings.fakeTeacher)] {
      let terms = role.losses.sorted { $0.key > $1.key }.map { "\($0.key) \(brief($0.value))" }
      lines.append((name, "\(terms.joined(separator: ", ")), gradient norm \(brief(role.gradientNorm))"))
    }
    let total = findings.secondsPerStep * Double(recipe.training.steps)
    lines.append(
      (
        "time", "\(brief(findings.secondsPerStep)) s a step, some \(Progress.clock(total)) for \(recipe.training.steps)"
      ))
    let table = lines.map { $0.0.padding(toLength: 13, withPad: " ", startingAt: 0) + $0.1 }
    return (table + ["all is well"]).joined(separator: "\n")
  }

  private func room(_ bytes: Int) -> String {
    bytes < 1_000_000_000 ? "\(brief(Double(bytes) / 1e6)) MB" : "\(brief(Double(bytes) / 1e9)) GB"
  }
}

/// What `check` found out.
private struct Findings: Encodable {
  struct Role: Encodable {
    let parameters: Int
    let trained: Int
    let tensors: Int
    /// Of one update.
    var losses = [String: Double]()
    var gradientNorm = 0.0

    init(_ parameters: ParameterStore) {
      self.parameters = parameters.count
      trained = parameters.trainable.reduce(0) { $0 + $1.value.count }
      tensors = parameters.all.count
    }
  }

  struct Step: Encodable {
    let time: Double
    let alpha: Double
    let sigma: Double
    let timestep: Double
  }

  /// In bytes.
  struct Disk: Encodable {
    let checkpoint: Int
    let needed: Int
    let free: Int
  }

  let sampleShape: [Int]
  let prompts: Int
  var student: Role
  var fakeTeacher: Role
  /// ω
  let guidance: Double
  let steps: [Step]
  /// What happens at which step, in words.
  let calendar: [String]
  let disk: Disk
  var secondsPerStep = 0.0

  init(_ recipe: Recipe, _ components: TrainingComponents) throws {
    sampleShape = components.backbone.sampleShape
    prompts = components.backbone.prompts.count
    student = Role(components.student.parameters)
    fakeTeacher = Role(components.fakeTeacher.parameters)
    guidance = recipe.matching.guidance.scale
    let schedule = components.teacher.schedule
    steps = recipe.steps.map {
      Step(time: $0, alpha: schedule.alpha($0), sigma: schedule.sigma($0), timestep: schedule.timestep($0))
    }
    calendar = Self.calendar(recipe, components)
    disk = try Self.disk(recipe, components)
  }

  /// Two steps, for the first one also warms up; nothing of them is kept.
  mutating func takeSteps(_ recipe: Recipe, _ components: TrainingComponents) throws {
    let trainer = try Trainer(recipe, components: components)
    _ = try trainer.step()
    let start = Date()
    let report = try trainer.step()
    secondsPerStep = -start.timeIntervalSinceNow
    student.losses = Dictionary(report.student.map { ($0.name, $0.value) }) { $1 }
    student.gradientNorm = report.studentNorm
    fakeTeacher.losses = Dictionary(report.fakeTeacher.map { ($0.name, $0.value) }) { $1 }
    fakeTeacher.gradientNorm = report.fakeTeacherNorm
  }

  private static func calendar(_ recipe: Recipe, _ components: TrainingComponents) -> [String] {
    let (total, output) = (recipe.training.steps, recipe.output)
    var lines = ["\(total) steps, each one student update and \(recipe.fakeTeacherUpdates) fake-teacher updates"]
    if let interval = components.objective.groupAdvantage?.interval {
      lines.append("rewards at \(interval == 1 ? "every step" : times(every: interval, from: 0, total - 1))")
    }
    lines.append("sample grids after \(times(every: output.sampleEvery, from: output.sampleEvery, total))")
    lines.append(
      "checkpoints after \(times(every: output.checkpointEvery, from: output.checkpointEvery, total)), "
        + "the last \(output.keep) are kept")
    if let evaluation = recipe.evaluation {
      let teacher = evaluation.teacherSteps.map { "\($0)" }.joined(separator: " and ")
      lines.append(
        "then \(evaluation.samples) samples each of the student and of the teacher at the student's times"
          + (teacher.isEmpty ? "" : " and in \(teacher) steps"))
    }
    return lines
  }

  /// "0, 8, 16 ... 992"; where counting begins with a whole interval, the end counts too.
  private static func times(every interval: Int, from first: Int, _ end: Int) -> String {
    let last = first > end ? end : first + (end - first) / interval * interval
    let final = first > 0 ? end : last
    let times = stride(from: first, through: end, by: interval).prefix(4) + (final > last || first > end ? [final] : [])
    guard times.count > 4 || (times.last ?? end) < final else { return times.map { "\($0)" }.joined(separator: ", ") }
    return times.prefix(3).map { "\($0)" }.joined(separator: ", ") + " ... \(final)"
  }

  private static func disk(_ recipe: Recipe, _ components: TrainingComponents) throws -> Disk {
    // Weights of all, two moments of what is trained, the average.
    let networks =
      [components.student.parameters, components.fakeTeacher.parameters]
      + [components.objective.parameters].compactMap { $0 }
    var numbers = 0
    for network in networks { numbers += network.count + 2 * network.trainable.reduce(0) { $0 + $1.value.count } }
    if recipe.ema != nil { numbers += components.student.parameters.trainable.reduce(0) { $0 + $1.value.count } }
    let size = 4 * numbers
    let made = (recipe.training.steps - 1) / recipe.output.checkpointEvery + 1
    // One more than are kept is there while the next is written.
    let kept = made > recipe.output.keep ? recipe.output.keep + 1 : made
    let folder = FileManager.default.fileExists(atPath: "runs") ? "runs" : FileManager.default.currentDirectoryPath
    return Disk(checkpoint: size, needed: size * kept, free: try DiskSpace.available(at: folder))
  }
}
