import Fewstep
import Foundation

/// The settings of an external reward.
struct ExternalRewardSettings {
  let scorer: Scorer.Settings
  let axes: [String: Double]?
  let batch: Int

  init(_ s: SettingsReader) {
    let command = s.strings("command", "The program and its arguments, as a list.")
    s.require(!command.isEmpty && command[0] != "", at: "command", "expected a program")
    let folder = s.has("folder") ? s.path("folder", "The folder it runs in; the working folder by default.") : nil
    let timeout = s.number(
      "timeout", default: 120, in: .closed(0.01, 1e6), affects: .speed,
      "Seconds to wait for an answer before the program is killed.")
    let start = s.number(
      "start-timeout", default: 600, in: .closed(0.01, 1e6), affects: .speed,
      "Seconds the program may take to load and say hello.")
    let restarts = s.integer(
      "restarts", default: 2, in: .closed(0, 100), affects: .speed,
      "Restarts after crashes; the count starts over with every answer.")
    let ahead = s.integer(
      "ahead", default: 2, in: .closed(1, 64), affects: .speed,
      "Requests sent ahead of their answers, each of `batch` samples.")
    batch = s.integer("batch", default: 8, in: .closed(1, 65536), "Samples per request.")
    axes = Self.named(s, "axes", "AXIS") {
      $0.number($1, "The axis's weight in the reward. Without `axes` every weight is 1.")
    }
    let environment =
      Self.named(s, "environment", "NAME") { $0.string($1, "A variable added to the program's environment.") } ?? [:]
    scorer = Scorer.Settings(
      command: command, folder: folder ?? FileManager.default.currentDirectoryPath, environment: environment,
      startTimeout: .seconds(start), timeout: .seconds(timeout), restarts: restarts, ahead: ahead)
  }

  /// A section whose keys are chosen in the recipe; nil if it is missing.
  private static func named<Value>(
    _ s: SettingsReader, _ key: String, _ placeholder: String, _ value: (SettingsReader, String) -> Value
  ) -> [String: Value]? {
    guard s.has(key) else { return nil }
    let section = s.section(key)
    let names = section.names(orDescribing: placeholder)
    return Dictionary(names.map { ($0, value(section, $0)) }) { $1 }
  }
}
