import Files
import Foundation
import Tensors

/// The folder of a sweep. Each run is in VARIANT/seed-N, next to its recipe (.yaml) and its log (.log); sweep.json lists
/// the runs.
public struct SweepFolder: Sendable {
  /// The progress of a run.
  public enum State: Equatable, CustomStringConvertible, Sendable {
    case new
    case interrupted(step: Int)
    /// Stopped by a warning, if the recipe says `monitor.policy: stop`.
    case stopped(step: Int)
    case done

    public var description: String {
      switch self {
      case .new: "to do"
      case .interrupted(let step): "interrupted at step \(step)"
      case .stopped(let step): "stopped by a warning at step \(step)"
      case .done: "done"
      }
    }
  }

  /// An entry of a run in sweep.json.
  public struct Member: Codable, Sendable {
    public let variant: String
    public let seed: Int
    /// The path relative to the sweep's folder.
    public let path: String
  }

  public let path: String

  public init(_ path: String) { self.path = path }

  public func run(_ trial: Sweep.Trial) -> RunFolder { RunFolder("\(path)/\(trial.path)") }
  public func recipe(_ trial: Sweep.Trial) -> String { "\(path)/\(trial.path).yaml" }
  public func log(_ trial: Sweep.Trial) -> String { "\(path)/\(trial.path).log" }
  private var index: String { "\(path)/sweep.json" }

  /// - Throws: `Failure` if the run's folder holds something else, or a run of a different recipe.
  public func state(of trial: Sweep.Trial) throws -> State {
    let run = run(trial)
    let files = FileManager.default
    guard files.fileExists(atPath: run.path) else { return .new }
    guard files.fileExists(atPath: run.recipe) else {
      throw Failure(.malformed, at: run.path, "the folder holds no run", advice: "Move it away.")
    }
    let differing = try trial.recipe.keys(
      differingFrom: YAMLNode.load(path: run.recipe), except: .changeableBySweep)
    guard differing.isEmpty else {
      throw Failure(
        .malformed, at: run.path,
        "the folder holds a run of a different recipe, which differs in \(differing.joined(separator: ", "))",
        advice: "Name another folder with --into, or remove this one.")
    }
    let last = trial.recipe.evaluation == nil ? run.student : run.evaluation
    if files.fileExists(atPath: last) { return .done }
    guard let step = run.checkpointSteps.last else { return .new }
    return try run.isStopped ? .stopped(step: step) : .interrupted(step: step)
  }

  /// Writes the recipe of each run, and sweep.json.
  public func record(_ sweep: Sweep) throws {
    for trial in sweep.trials {
      let folder = URL(fileURLWithPath: recipe(trial)).deletingLastPathComponent().path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try trial.node.write(to: recipe(trial))
    }
    let members = sweep.trials.map { Member(variant: $0.variant, seed: $0.recipe.seed, path: $0.path) }
    try JSONFile.write(members, to: index)
  }

  /// The runs that sweep.json lists; nil if there is none.
  public func members() throws -> [Member]? {
    try JSONFile.read(
      index, expected: "a list of runs as `fewstep sweep` writes it",
      advice: "Run the same sweep again to rewrite it.")
  }
}
