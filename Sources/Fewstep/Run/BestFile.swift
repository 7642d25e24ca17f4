import Files
import Foundation
import Tensors

/// The improvements of the number that `output.keep-best` names, as JSON, in order. The last one's checkpoint is kept.
struct BestFile {
  struct Improvement: Codable, Equatable, Sendable {
    /// Steps done.
    let step: Int
    let value: Double
  }

  private struct Contents: Codable {
    let metric: String
    let improvements: [Improvement]
  }

  let path: String
  let metric: BestMetric
  private(set) var improvements = [Improvement]()
  var best: Improvement? { improvements.last }

  /// - Parameters:
  ///   - step: the step that a run continues from; later improvements are dropped, and those of another metric.
  ///   - checkpoints: the steps of the run's checkpoints. Without its checkpoint the best is forgotten.
  init(_ path: String, _ metric: BestMetric, upTo step: Int, checkpoints: [Int]) throws {
    (self.path, self.metric) = (path, metric)
    if let saved = try Self.read(path), saved.metric == metric.rawValue {
      improvements = saved.improvements.filter { $0.step <= step }
      if let last = improvements.last, !checkpoints.contains(last.step) { improvements = [] }
    }
    try write()
  }

  /// Adds the value if it is better than all before; one that is not finite never is.
  ///
  /// - Returns: whether it is.
  mutating func add(_ value: Double, step: Int) throws -> Bool {
    guard value.isFinite, best.map({ metric.isBetter(value, than: $0.value) }) ?? true else { return false }
    improvements.append(Improvement(step: step, value: value))
    try write()
    return true
  }

  static func remove(_ path: String) throws { try JSONFile.write(Contents?.none, to: path) }

  /// The step of a run's best checkpoint; nil if the run does not keep one.
  static func step(in path: String) throws -> Int? { try read(path)?.improvements.last?.step }

  private static func read(_ path: String) throws -> Contents? {
    try JSONFile.read(
      path, expected: "the improvements of a run", advice: "Move the file away: the last checkpoint is taken then.")
  }

  private func write() throws {
    let contents = Contents(metric: metric.rawValue, improvements: improvements)
    try JSONFile.write(improvements.isEmpty ? nil : contents, to: path)
  }
}
