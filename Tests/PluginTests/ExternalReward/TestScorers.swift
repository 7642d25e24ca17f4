import Fewstep
import Files
import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import ExternalReward

let scorers = Repository.root + "/scripts/scorers"

/// The system's Python without any packages: the tests' scorers need none.
func python(_ script: String, _ arguments: String...) -> [String] { ["python3", "-S", script] + arguments }

func standIn(_ mode: String, _ argument: String? = nil) -> [String] {
  python(Repository.tests + "/PluginTests/ExternalReward/stand_in.py", mode) + [argument].compactMap(\.self)
}

/// The lines of a scorer's error output.
final class Log: Sendable {
  private let kept = Mutex([String]())
  var lines: [String] { kept.withLock { $0 } }
  func add(_ line: String) { kept.withLock { $0.append(line) } }
}

func scorer(
  _ command: [String], _ log: Log = Log(), folder: String = "/", change: (inout Scorer.Settings) -> Void = { _ in }
) throws -> Scorer {
  var settings = Scorer.Settings(command: command, folder: folder)
  (settings.startTimeout, settings.timeout) = (.seconds(60), .seconds(60))
  change(&settings)
  return try Scorer(settings) { log.add($0) }
}

func reward(
  _ command: [String], axes: [String: Double]? = nil, batch: Int = 2, prompts: [String] = ["a", "b", "c"],
  medium: Medium = .images,
  _ log: Log = Log(), change: (inout Scorer.Settings) -> Void = { _ in }
) throws -> ExternalReward {
  try ExternalReward(scorer(command, log, change: change), axes: axes, batch: batch, prompts: prompts, medium: medium)
}

func condition(_ count: Int) -> Condition {
  Condition(promptIDs: (0..<count).map { $0 % 3 }, tensors: [:])
}

/// Pixels in 0...1, one row per sample.
func pixels(_ shape: [Int], seed: Int = 1) throws -> Tensor {
  try Noise(seed: seed).stream("pixels", step: 0).uniform(0..<shape[0], Array(shape.dropFirst()))
}

/// Whether a process runs; a zombie does not count.
func isRunning(_ process: Int) -> Bool {
  guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
  return status.split(separator: ")").last?.trimmingCharacters(in: .whitespaces).first != "Z"
}

extension Scratch {
  /// Numbers that a scorer has recorded, one per line.
  func numbers(_ name: String) -> [Int] {
    ((try? String(contentsOfFile: path(name), encoding: .utf8)) ?? "").split(separator: "\n").compactMap { Int($0) }
  }
}
