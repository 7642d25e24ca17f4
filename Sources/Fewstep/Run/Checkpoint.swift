import Files
import Foundation
import Networks
import Tensors

/// A trainer's whole state in one HDF5 file: a group for each part of `Trainer.state`, counters and the step list as
/// attributes, and the recipe's text. Random numbers need no state: they are functions of the step.
///
/// If ranks hold rows of it, each writes its own into a file beside that one (`rowsFolder`), which refers to them: who opens it
/// sees whole tensors, whatever the number of ranks.
public enum Checkpoint {
  static let version = 1

  /// Writes a temporary file, flushes and renames it: a checkpoint is complete or absent.
  ///
  /// - Parameter monitor: its memory from before this step's validation is stored too: who continues from here repeats that.
  public static func save(_ trainer: Trainer, monitor: Monitor? = nil, to path: String) throws {
    let id = try saveRows(of: trainer, to: path)
    try HDF5File.write(to: path) { file in
      try file.setAttribute("fewstep.checkpoint", .integer(Int64(version)))
      try file.setAttribute("step", .integer(Int64(trainer.stepCount)))
      try file.setAttribute("student.steps", .numbers(trainer.recipe.steps))
      try file.setAttribute("learning-rate.factor", .number(trainer.learningRateFactor))
      if let monitor {
        try file.setAttribute(
          "monitor", .string(JSONEncoder.prettyText(monitor.saved)))
      }
      for (key, scorer) in trainer.components.scorers { try file.setFingerprint(scorer, as: "scorer.\(key)") }
      try file.setFingerprint(Fingerprint(trainer.components.backbone.metadata), as: "backbone")
      try file.write([trainer.recipe.resolved.text()], to: "recipe")
      for part in trainer.state {
        if let (name, count) = part.counter { try file.setAttribute(name, .integer(Int64(count))) }
        for (name, tensor) in part.tensors {
          // A checksum detects damage by a disk or a copy. A scalar has none.
          let layout = HDF5Layout(checksum: tensor.rank > 0)
          if let shard = part.shards[name] {
            let pieces = rows(of: shard, at: "\(part.group)/\(name)", in: path, id, over: trainer.mesh.shard.count)
            try file.write(pieces, shape: shard.shape, dtype: tensor.dtype, to: "\(part.group)/\(name)")
          } else {
            try file.write(tensor.detached(), to: "\(part.group)/\(name)", layout: layout)
          }
        }
      }
    }
    if trainer.isSharded { try removeOtherRows(of: path, than: id) }
  }

  /// Restores the state of a trainer from a checkpoint.
  ///
  /// - Throws: `Failure` naming each key of the recipe that differs, or a reward with another scorer version; or if the
  ///   recipe ends before the checkpoint, or the file is damaged.
  public static func load(_ path: String, into trainer: Trainer, monitor: Monitor? = nil) throws {
    try whereverRowsAre(trainer, trainer.checkpointRequests.load, path)
    let file = try HDF5File.open(path)
    try refuseOther(file, trainer.recipe)
    try refuseOtherScorers(file, trainer.components)
    try load(trainer.state, from: file)
    trainer.stepCount = try file.integer("step")
    trainer.learningRateFactor = try file.number("learning-rate.factor")
    if let monitor, case .string(let text)? = try file.attribute("monitor") {
      do { try monitor.restore(JSONDecoder.pretty.decode(Monitor.State.self, from: Data(text.utf8))) } catch {
        throw Failure(.malformed, at: "\(path) @monitor", "what the monitor remembers cannot be read: \(error)")
      }
    }
    guard trainer.stepCount <= trainer.recipe.training.steps else {
      throw Failure(
        .malformed, at: path,
        "\(trainer.stepCount) steps are done, but the recipe ends after \(trainer.recipe.training.steps) (training.steps)",
        advice: "There is nothing left to train; raise training.steps.")
    }
  }

  /// Loads the weights of a step as they trained: the student's own rather than its average, the fake teacher's, the
  /// objective's.
  public static func load(_ path: String, into components: TrainingComponents) throws {
    try load(components.state, from: HDF5File.open(path))
  }

  /// Takes over a checkpoint's student and its average. Nothing else of the trainer changes.
  static func loadStudent(_ path: String, into trainer: Trainer) throws {
    try whereverRowsAre(trainer, trainer.checkpointRequests.loadStudent, path)
    try load(trainer.state.filter { ["student", "ema"].contains($0.group) }, from: HDF5File.open(path))
  }

  private static func load(_ parts: [TrainerState], from file: HDF5File) throws {
    for part in parts {
      let count = try part.counter.map { try file.integer($0.name) } ?? 0
      try named(file.path) {
        try part.load(count) { name in
          let path = "\(part.group)/\(name)"
          guard try file.contains(path) else { return nil }
          guard let shard = part.shards[name] else { return try file.read(path) }
          let dataset = try file.dataset(path)
          guard try dataset.shape == shard.shape else { return try dataset.read() }
          return try dataset.read(rows: shard.rows)
        }
      }
    }
  }

  /// Loads the weights that samples are made with, and returns the student's times.
  public static func loadStudent(_ path: String, into student: any Student) throws -> [Double] {
    let file = try HDF5File.open(path)
    let sampled = try sampledWeights(in: file)
    try named(path) { try student.parameters.load { name in try file.read(sampled(name)) } }
    guard case .numbers(let steps)? = try file.attribute("student.steps") else {
      throw Failure(.malformed, at: path, "the attribute 'student.steps' is missing")
    }
    return steps
  }

  /// The name of the dataset that holds a weight for sampling: the average if there is one, otherwise the student's
  /// own.
  static func sampledWeights(in file: HDF5File) throws -> (String) -> String {
    let averaged = try file.contains("ema") ? try Set(file.names(in: "ema")) : []
    return { averaged.contains($0) ? "ema/\($0)" : "student/\($0)" }
  }

  /// - Throws: `Failure` if the checkpoint is of a recipe that a resume may not go on with.
  static func refuseOther(_ file: HDF5File, _ recipe: Recipe) throws {
    guard try file.attribute("fewstep.checkpoint") == .integer(Int64(version)) else {
      throw Failure(
        .malformed, at: file.path, expected: "a checkpoint of version \(version)", got: "another file",
        advice: "`fewstep inspect` shows what it is.")
    }
    let saved = try YAMLNode.parse(file.strings("recipe").first ?? "", file: "\(file.path): recipe")
    let differences = recipe.differences(from: saved)
    guard differences.isEmpty else {
      throw Failure(
        .malformed, at: file.path,
        "this checkpoint was written by a different recipe and cannot be resumed:\n"
          + differences.map { "  \($0)" }.joined(separator: "\n"),
        advice: "Start a new run with `--into`, or set the keys back.")
    }
  }

  private static func refuseOtherScorers(_ file: HDF5File, _ components: TrainingComponents) throws {
    for (key, scorer) in components.scorers {
      let saved = try file.fingerprint("scorer.\(key)")
      let differences = saved.isEmpty ? [] : saved.differences(from: scorer)
      guard differences.isEmpty else {
        throw Failure(
          .malformed, at: file.path, "`\(key)` was scored by another program: \(differences.joined(separator: "; "))",
          advice: "Start a new run with `--into`, or restore the earlier scorer.")
      }
    }
  }

  /// Adds the file's name to the error if a tensor is missing or has the wrong shape.
  private static func named(_ path: String, _ body: () throws -> Void) throws {
    do { try body() } catch let error as ParameterError {
      throw Failure(.malformed, at: path, error.description, advice: "Is it a checkpoint of another recipe?")
    }
  }
}

extension Recipe {
  /// The differences from a saved recipe, key by key, in settings that a resume may not change.
  func differences(from saved: YAMLNode) -> [String] {
    let keys = Set(keys(differingFrom: saved, except: .changeableByResume))
    func fingerprint(_ recipe: YAMLNode) -> Fingerprint {
      Fingerprint(recipe.leaves.filter { keys.contains($0.key) })
    }
    return fingerprint(saved).differences(from: fingerprint(resolved))
  }
}
