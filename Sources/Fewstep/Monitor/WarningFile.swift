import Files
import Foundation
import Tensors

/// A run's warnings as JSON, in order. Without warnings there is no file.
struct WarningFile {
  let path: String
  private(set) var warnings = [Warning]()

  /// - Parameter step: the step that a resumed run continues from: later warnings are dropped, except those that caused
  ///   a roll-back. nil for a new run.
  /// - Throws: `Failure` if the file is not a list of warnings.
  init(_ path: String, resumingAt step: Int?) throws {
    self.path = path
    guard FileManager.default.fileExists(atPath: path) else { return }
    if let step {
      warnings = try Self.read(path).filter { $0.step <= step || $0.action == .rolledBack }
    }
    try write()
  }

  mutating func add(_ warning: Warning) throws {
    warnings.append(warning)
    try write()
  }

  /// The warnings of a run; none if there is no file.
  static func read(_ path: String) throws -> [Warning] {
    try JSONFile.read(
      path, expected: "a list of warnings", advice: "Move the file away: a run can do without it.") ?? []
  }

  private func write() throws { try JSONFile.write(warnings.isEmpty ? nil : warnings, to: path) }
}
