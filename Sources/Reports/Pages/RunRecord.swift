import Evaluation
import Fewstep
import Files
import Foundation
import Tensors

/// The files of a run so far, for a report: everything that exists and can be read.
public struct RunRecord {
  /// The run's folder.
  public let folder: RunFolder
  let recipe: RecipeListing
  /// The curves, by tag.
  let scalars: [String: [EventFile.Point]]
  /// Per-sample columns of `diagnostics.h5`, by name.
  let diagnostics: [String: [Double]]
  /// Rewards of the fixed batch's samples, which are made from the same noise throughout training: a list for each
  /// evaluation.
  let fixedBatch: [(step: Int, rewards: [Double])]
  let evaluated: EvaluationResult?
  let warnings: [String]
  /// Sample grids through training, by step.
  let images: [(step: Int, path: String)]
  /// Errors of files that cannot be read.
  public let problems: [String]

  /// - Throws: `Failure` if there is no recipe, or it is not YAML: without it there is no run. Other files may be
  ///   missing or damaged.
  public init(_ path: String) throws {
    folder = RunFolder(path)
    guard let data = FileManager.default.contents(atPath: folder.recipe) else {
      throw Failure(.missing, at: path, "not a run folder, there is no recipe.yaml in it")
    }
    recipe = try RecipeListing(String(decoding: data, as: UTF8.self), file: folder.recipe)
    var problems = [String]()
    func reading<Value>(_ name: String?, _ none: Value, _ body: () throws -> Value) -> Value {
      guard name.map({ FileManager.default.fileExists(atPath: $0) }) ?? true else { return none }
      do { return try body() } catch {
        let (message, place) = ("\(error)", name ?? path)
        problems.append(message.contains(place) ? message : "\(place): \(message)")
        return none
      }
    }
    let (diagnosed, monitored) = (folder.diagnostics, folder.monitor)
    let (evaluation, run) = (folder.evaluation, folder)
    scalars = reading(nil, [:]) { try EventFile.scalars(in: path) }
    diagnostics = reading(diagnosed, [:]) { try Self.columns(diagnosed) }
    fixedBatch = reading(monitored, []) { try Self.fixedBatch(monitored) }
    evaluated = reading(evaluation, nil) { try .load(evaluation) }
    warnings = reading(run.warnings, []) { try run.readWarnings().map(\.description) }
    images = Self.images(in: folder.samples)
    self.problems = problems
  }

  /// The last step in any record.
  var lastStep: Int {
    let logged = scalars.values.compactMap { $0.last?.step }.max().map { $0 + 1 } ?? 0
    return max(logged, folder.checkpointSteps.last ?? 0, images.last?.step ?? 0)
  }

  var totalSteps: Int { recipe["training.steps"].flatMap(Int.init) ?? 0 }
  var isFinished: Bool { FileManager.default.fileExists(atPath: folder.student) }

  /// If the run is still active, another process is writing the file.
  private static func open(_ path: String) throws -> HDF5File {
    do { return try HDF5File.open(path) } catch { return try HDF5File.open(path, .whileBeingWritten) }
  }

  /// Numeric datasets with one number per row. In a file that is being written, only the rows that all datasets have.
  private static func columns(_ path: String) throws -> [String: [Double]] {
    let file = try open(path)
    var columns = [String: [Double]]()
    for item in try file.items() {
      guard case .dataset(let shape, let dtype?) = item.kind, shape.count == 1, dtype != .bool else { continue }
      columns[String(item.path.dropFirst())] = try file.read(item.path).doubles()
    }
    let rows = columns.values.map(\.count).min() ?? 0
    return columns.mapValues { Array($0.prefix(rows)) }
  }

  /// The column "reward" [evaluations, samples].
  private static func fixedBatch(_ path: String) throws -> [(step: Int, rewards: [Double])] {
    let file = try open(path)
    guard try file.contains("step"), try file.contains("reward") else { return [] }
    let (steps, rewards) = (try file.read("step").doubles(), try file.read("reward"))
    guard rewards.rank == 2 else { return [] }
    let values = try rewards.doubles()
    let samples = rewards.shape[1]
    return (0..<min(steps.count, rewards.shape[0])).map { row in
      (step: Int(steps[row]), rewards: Array(values[row * samples..<(row + 1) * samples]))
    }
  }

  static func images(in folder: String) -> [(step: Int, path: String)] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix("step-"), name.hasSuffix(".png") else { return nil }
      return Int(name.dropFirst(5).dropLast(4)).map { ($0, "\(folder)/\(name)") }
    }.sorted { $0.step < $1.step }
  }
}
