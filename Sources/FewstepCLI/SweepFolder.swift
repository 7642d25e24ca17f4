import Evaluation
import Fewstep
import Files
import Foundation
import Tensors

/// A sweep's runs on disk: PATH/VARIANT/seed-N each, with its recipe and its log beside it, and what they are in sweep.json.
struct SweepFolder {
  enum State: Equatable {
    case new
    case cutOff(step: Int)
    /// A warning ended it, where the recipe says so.
    case stopped(step: Int)
    case done

    var words: String {
      switch self {
      case .new: "to do"
      case .cutOff(let step): "cut off at step \(step)"
      case .stopped(let step): "stopped by a warning at step \(step)"
      case .done: "done"
      }
    }
  }

  /// What sweep.json says of a run.
  struct Member: Codable {
    let variant: String
    let seed: Int
    /// Below the sweep's folder.
    let path: String
  }

  let path: String

  init(_ path: String) { self.path = path }

  func run(_ trial: Sweep.Trial) -> RunFolder { RunFolder("\(path)/\(trial.path)") }
  func recipe(_ trial: Sweep.Trial) -> String { "\(path)/\(trial.path).yaml" }
  func log(_ trial: Sweep.Trial) -> String { "\(path)/\(trial.path).log" }
  private var index: String { "\(path)/sweep.json" }

  /// How far a run is.
  ///
  /// - Throws: `CommandError` where its folder holds a run of another recipe.
  func state(of trial: Sweep.Trial) throws -> State {
    let run = run(trial)
    let files = FileManager.default
    guard files.fileExists(atPath: run.path) else { return .new }
    guard files.fileExists(atPath: run.recipe) else {
      throw CommandError(ExitCodes.invalid, "\(run.path): there is a folder that holds no run; move it away")
    }
    let differing = try trial.recipe.keys(
      differingFrom: YAMLNode.load(path: run.recipe), except: .changeableBySweep)
    guard differing.isEmpty else {
      throw CommandError(
        ExitCodes.invalid,
        "\(run.path): a run of another recipe lies there; it differs in \(differing.joined(separator: ", ")).\n"
          + "  Name another folder with --into, or remove it")
    }
    let last = trial.recipe.evaluation == nil ? run.student : run.evaluation
    if files.fileExists(atPath: last) { return .done }
    guard let step = run.checkpointSteps.last else { return .new }
    return try run.isStopped ? .stopped(step: step) : .cutOff(step: step)
  }

  /// Writes each run's recipe, and which runs there are.
  func record(_ sweep: Sweep) throws {
    for trial in sweep.trials {
      let folder = URL(fileURLWithPath: recipe(trial)).deletingLastPathComponent().path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try trial.node.write(to: recipe(trial))
    }
    let members = sweep.trials.map { Member(variant: $0.variant, seed: $0.recipe.seed, path: $0.path) }
    try AtomicFile.write(try JSONEncoder.pretty.encode(members), to: index)
  }

  /// The runs that sweep.json lists; nil where there is none.
  func members() throws -> [Member]? {
    guard let data = FileManager.default.contents(atPath: index) else { return nil }
    do { return try JSONDecoder().decode([Member].self, from: data) } catch {
      throw CommandError(
        ExitCodes.invalid, "\(index): not as `fewstep sweep` writes it; the same sweep again makes it anew")
    }
  }

  func entry(_ trial: Sweep.Trial) throws -> Comparison.Entry {
    let run = run(trial)
    return Comparison.Entry(
      path: run.path, variant: trial.variant, seed: trial.recipe.seed, evaluated: try .load(run.evaluation))
  }
}
