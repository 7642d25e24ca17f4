import Files
import Foundation
import Networks
import Tensors

/// A trainer's whole state in one HDF5 file: groups student, ema, fake-teacher, objective and the two optimizers', counters
/// and the step list as attributes, and the recipe's text. Random numbers need no state: they are functions of the step.
public enum Checkpoint {
  static let version = 1

  /// Written to a temporary file, flushed and renamed: a checkpoint is whole or not there.
  ///
  /// - Parameter monitor: what it remembers is stored too.
  public static func save(_ trainer: Trainer, monitor: Monitor? = nil, to path: String) throws {
    try HDF5File.write(to: path) { file in
      try file.setAttribute("fewstep.checkpoint", .integer(Int64(version)))
      try file.setAttribute("step", .integer(Int64(trainer.stepCount)))
      try file.setAttribute("student.steps", .numbers(trainer.recipe.steps))
      try file.setAttribute("student.updates", .integer(Int64(trainer.studentOptimizer.stepCount)))
      try file.setAttribute("fake-teacher.updates", .integer(Int64(trainer.fakeTeacherOptimizer.stepCount)))
      try file.setAttribute("ema.updates", .integer(Int64(trainer.ema?.updateCount ?? 0)))
      try file.setAttribute("learning-rate.factor", .number(trainer.learningRateFactor))
      if let monitor {
        try file.setAttribute(
          "monitor", .string(String(decoding: JSONEncoder.pretty.encode(monitor.state), as: UTF8.self)))
      }
      for (key, version) in trainer.components.rewardVersions {
        try file.setAttribute("version.\(key)", .string(version))
      }
      for (key, value) in trainer.components.backbone.metadata {
        try file.setAttribute("backbone.\(key)", .string(value))
      }
      try file.write([trainer.recipe.resolved.text()], to: "recipe")
      for (group, state) in groups(trainer) {
        for (name, tensor) in state {
          // A checksum finds what a disk or a copy has damaged; a scalar has none.
          let layout = HDF5Layout(checksum: tensor.rank > 0)
          try file.write(tensor.detached(), to: "\(group)/\(name)", layout: layout)
        }
      }
    }
  }

  /// Puts a trainer where the checkpoint's was.
  ///
  /// - Throws: `CheckpointError` naming each key of the recipe that differs, or a reward that is scored by another version,
  ///   or where the recipe ends before the checkpoint; `Failure` where the file is damaged.
  public static func load(_ path: String, into trainer: Trainer, monitor: Monitor? = nil) throws {
    let file = try HDF5File.open(path)
    try refuseOther(file, trainer.recipe)
    try refuseOtherScorers(file, trainer.components)
    try named(path) {
      try load(file, into: trainer.components)
      try trainer.ema?.load(updateCount: file.integer("ema.updates"), values("ema", in: file))
      try trainer.studentOptimizer.load(
        stepCount: file.integer("student.updates"), values("optimizers/student", in: file))
      try trainer.fakeTeacherOptimizer.load(
        stepCount: file.integer("fake-teacher.updates"), values("optimizers/fake-teacher", in: file))
    }
    trainer.stepCount = try file.integer("step")
    trainer.learningRateFactor = try file.number("learning-rate.factor")
    if let monitor, case .string(let text)? = try file.attribute("monitor") {
      do { monitor.state = try JSONDecoder.pretty.decode(Monitor.State.self, from: Data(text.utf8)) } catch {
        throw Failure(.malformed, at: "\(path) @monitor", "what the monitor remembers cannot be read: \(error)")
      }
    }
    guard trainer.stepCount <= trainer.recipe.training.steps else {
      throw CheckpointError.beyond(path: path, step: trainer.stepCount, steps: trainer.recipe.training.steps)
    }
  }

  /// The same for trainers that share their batches; gradients of a step that was not finished are dropped.
  static func load(_ path: String, into team: Team, monitor: Monitor?) throws {
    for trainer in team.trainers {
      try trainer.studentOptimizer.dropGradients()
      try trainer.fakeTeacherOptimizer.dropGradients()
      try load(path, into: trainer, monitor: monitor)
    }
  }

  /// The weights of a step as they trained: the student's own and not its average, the fake teacher's, the objective's.
  public static func load(_ path: String, into components: TrainingComponents) throws {
    let file = try HDF5File.open(path)
    try named(path) { try load(file, into: components) }
  }

  private static func load(_ file: HDF5File, into components: TrainingComponents) throws {
    try components.student.parameters.load(values("student", in: file))
    try components.fakeTeacher.parameters.load(values("fake-teacher", in: file))
    try components.objective.parameters?.load(values("objective", in: file))
  }

  /// What a group holds, by name; nil for what it does not.
  private static func values(_ group: String, in file: HDF5File) -> (String) throws -> Tensor? {
    { try file.contains("\(group)/\($0)") ? try file.read("\(group)/\($0)") : nil }
  }

  /// The weights that are sampled from: the average where there is one, the student's own otherwise.
  public static func loadStudent(_ path: String, into student: any Student) throws -> [Double] {
    let file = try HDF5File.open(path)
    let averaged = try file.contains("ema") ? try Set(file.names(in: "ema")) : []
    try named(path) {
      try student.parameters.load { name in
        try file.read(averaged.contains(name) ? "ema/\(name)" : "student/\(name)")
      }
    }
    guard case .numbers(let steps)? = try file.attribute("student.steps") else {
      throw Failure(.malformed, at: path, "the attribute 'student.steps' is missing")
    }
    return steps
  }

  private static func groups(_ trainer: Trainer) -> [(String, [(name: String, tensor: Tensor)])] {
    [
      ("student", trainer.components.student.parameters.state), ("ema", trainer.ema?.state ?? []),
      ("fake-teacher", trainer.components.fakeTeacher.parameters.state),
      ("objective", trainer.components.objective.parameters?.state ?? []),
      ("optimizers/student", trainer.studentOptimizer.state),
      ("optimizers/fake-teacher", trainer.fakeTeacherOptimizer.state),
    ]
  }

  private static func refuseOther(_ file: HDF5File, _ recipe: Recipe) throws {
    guard try file.attribute("fewstep.checkpoint") == .integer(Int64(version)) else {
      throw Failure(
        .malformed, at: file.path, expected: "a checkpoint of version \(version)", got: "another file",
        advice: "`fewstep inspect` shows what it is.")
    }
    let saved = try YAMLNode.parse(file.texts("recipe").first ?? "", file: "\(file.path): recipe")
    let differences = recipe.differences(from: saved)
    guard differences.isEmpty else { throw CheckpointError.otherRecipe(path: file.path, differences: differences) }
  }

  private static func refuseOtherScorers(_ file: HDF5File, _ components: TrainingComponents) throws {
    for (key, version) in components.rewardVersions {
      guard case .string(let saved)? = try file.attribute("version.\(key)"), saved != version else { continue }
      throw CheckpointError.otherScorer(path: file.path, key: key, saved: saved, now: version)
    }
  }

  /// Says in which file a tensor was missing or misshapen.
  private static func named(_ path: String, _ body: () throws -> Void) throws {
    do { try body() } catch let error as ParameterError {
      throw Failure(.malformed, at: path, error.description, advice: "Is it a checkpoint of another recipe?")
    }
  }
}

public enum CheckpointError: ExitCoded, CustomStringConvertible {
  public var exitCode: Int32 { Failure.Kind.malformed.rawValue }
  case otherRecipe(path: String, differences: [String])
  case otherScorer(path: String, key: String, saved: String, now: String)
  case beyond(path: String, step: Int, steps: Int)

  public var description: String {
    switch self {
    case .otherRecipe(let path, let differences):
      "\(path): a checkpoint of another recipe, so going on from it would be no resume:\n"
        + differences.map { "  \($0)" }.joined(separator: "\n")
        + "\n  Start a new run with `--into`, or set the keys back."
    case .otherScorer(let path, let key, let saved, let now):
      "\(path): \(key) was scored by \(saved), and now it is \(now): going on would be no resume\n"
        + "  Start a new run with `--into`, or put the other version back."
    case .beyond(let path, let step, let steps):
      "\(path): \(step) steps were done, but the recipe ends after \(steps) (training.steps): there is nothing to go on with"
    }
  }
}

extension Recipe {
  /// Keys whose change leaves what has been computed so far as it would have been.
  private static let free: Set<String> = [
    "name", "threads", "training.steps", "training.replicas",
    // How long an external scorer may take, and how often it may fail.
    "reward.timeout", "reward.start-timeout", "reward.restarts", "reward.ahead",
  ]

  /// What a saved recipe says otherwise, in words; log and evaluation settings do not count.
  func differences(from saved: YAMLNode) -> [String] {
    let mine = resolved.leaves
    let theirs = saved.leaves
    var lines = [String]()
    for key in resolved.keys(differingFrom: saved) {
      // With a schedule that ends with the run, its length is part of every learning rate.
      let depends = student.shape != .constant || fakeTeacher.shape != .constant
      if Self.free.contains(key), !(key == "training.steps" && depends) { continue }
      if ["output.", "evaluation."].contains(where: key.hasPrefix) { continue }
      // A probe of other samples or rewards would not be one with those before it.
      if key.hasPrefix("monitor."), key != "monitor.samples", !key.hasPrefix("monitor.held-out-rewards") { continue }
      lines.append("\(key): \(theirs[key] ?? "absent") there, \(mine[key] ?? "absent") here")
    }
    return lines
  }
}
