import Files
import Foundation
import Tensors

/// The files of a run.
public struct RunFolder: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  public var recipe: String { path + "/recipe.yaml" }
  public var diagnostics: String { path + "/diagnostics.h5" }
  public var monitor: String { path + "/monitor.h5" }
  public var warnings: String { path + "/warnings.json" }
  public var best: String { path + "/best.json" }
  public var student: String { path + "/student.safetensors" }
  public var evaluation: String { path + "/evaluation.json" }
  public var profile: String { path + "/profile.json" }
  public var checkpoints: String { path + "/checkpoints" }
  public var samples: String { path + "/samples" }

  public func checkpoint(_ step: Int) -> String { "\(checkpoints)/step-\(step).h5" }

  /// Removes a checkpoint. Without its first file, it is none any more.
  func removeCheckpoint(_ step: Int) throws {
    try FileManager.default.removeItem(atPath: checkpoint(step))
    let rows = Checkpoint.rowsFolder(of: checkpoint(step))
    if FileManager.default.fileExists(atPath: rows) { try FileManager.default.removeItem(atPath: rows) }
  }

  /// Removes rows of checkpoints that were never completed, or are removed.
  func removeLeftRows() throws {
    let steps = Set(checkpointSteps.map { "step-\($0).rows" })
    for name in (try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []
    where name.hasSuffix(".rows") && name.hasPrefix("step-") && !steps.contains(name) {
      try FileManager.default.removeItem(atPath: "\(checkpoints)/\(name)")
    }
  }

  /// Steps of the existing checkpoints, ascending.
  public var checkpointSteps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix("step-"), name.hasSuffix(".h5") else { return nil }
      return Int(name.dropFirst(5).dropLast(3))
    }.sorted()
  }

  /// The step of the best checkpoint, if the recipe keeps it (`output.keep-best`).
  ///
  /// - Throws: `Failure` if the file is malformed.
  public var bestStep: Int? { get throws { try BestFile.step(in: best) } }

  /// The checkpoint that commands open by default: the best one if the run keeps it, otherwise the last; nil if there is none.
  ///
  /// - Throws: `Failure` if best.json is malformed.
  public var defaultStep: Int? { get throws { try bestStep ?? checkpointSteps.last } }

  /// The run's warnings; none if there is no file.
  ///
  /// - Throws: `Failure` if the file is not a list of warnings.
  public func readWarnings() throws -> [Warning] { try WarningFile.read(warnings) }

  /// Whether its last warning ended the run.
  public var isStopped: Bool { get throws { try readWarnings().last?.action == .stopped } }

  /// A new folder of this name under runs/: NAME, NAME-2, NAME-3...
  public static func unused(named name: String, below root: String = "runs") -> RunFolder {
    var candidate = "\(root)/\(name)"
    var number = 2
    while FileManager.default.fileExists(atPath: candidate) {
      candidate = "\(root)/\(name)-\(number)"
      number += 1
    }
    return RunFolder(candidate)
  }

  /// Keeps other processes out while the lock exists. It ends with the process, even if that crashes.
  func lock() throws -> FolderLock { try FolderLock(path) }

  /// - Throws: `Failure` if another process works in it.
  public func refuseIfBusy() throws { _ = try lock() }

  /// Removes a run that ended before its first checkpoint, since it cannot be resumed.
  ///
  /// - Throws: `Failure` if another process works in it, or if it holds files that such a run does not write. Then
  ///   nothing is removed.
  public func discard() throws {
    let lock = try lock()
    defer { withExtendedLifetime(lock) {} }
    let left = try FileManager.default.contentsOfDirectory(atPath: path)
    let own = [recipe, diagnostics, monitor, warnings, best, checkpoints, samples].map {
      URL(fileURLWithPath: $0).lastPathComponent
    }
    let others = left.filter { !own.contains($0) && !$0.hasPrefix("events.out.tfevents.") }
    guard others.isEmpty, checkpointSteps.isEmpty else {
      throw Failure(
        .io, at: path, "a run cannot begin here: the folder holds \(others.sorted().joined(separator: ", "))",
        advice: "Move the folder away, or name another one.")
    }
    try FileManager.default.removeItem(atPath: path)
  }

  /// Makes the folder. Each rank writes its rows of a checkpoint there, and on a disk of its own they would be lost to the others.
  ///
  /// - Throws: `Failure` if a rank does not see what the first rank writes.
  func requireShared(by collective: any Collective) throws {
    let isNew = !FileManager.default.fileExists(atPath: path)
    let file = try collective.fromFirst {
      try create()
      let path = "\(checkpoints)/seen-by-all-\(UInt32.random(in: 0 ... .max))"
      try AtomicFile.write(Data(), to: path)
      return path
    }
    // A network file system may take a moment.
    var patience = 50
    while !FileManager.default.fileExists(atPath: file), patience > 0 {
      patience -= 1
      usleep(100_000)
    }
    var blind = Array(repeating: 0.0, count: collective.count)
    if patience == 0 { blind[collective.rank] = 1 }
    blind = try collective.sum(blind)
    try collective.onFirst { try FileManager.default.removeItem(atPath: file) }
    let ranks = blind.indices.filter { blind[$0] > 0 }.map { "\($0)" }
    guard ranks.isEmpty else {
      if isNew { try collective.onFirst { try discard() } }
      throw Failure(
        .io, at: path, "rank \(ranks.joined(separator: ", ")) does not see what the first rank writes there",
        advice: "With `sharding` full each rank writes its rows: name a folder with --into that all machines share.")
    }
  }

  /// Makes the folder and its subfolders.
  public func create() throws {
    for folder in [path, checkpoints, samples] {
      do {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      } catch {
        throw Failure(.io, at: folder, "the folder cannot be made", advice: error.localizedDescription)
      }
    }
  }
}
