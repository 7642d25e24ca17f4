import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// The tiny SDXL that diffusers saved for SDXLTests, and diffusers' results with it.
enum TinySDXL {
  static let fixtures = "\(Repository.tests)/PluginTests/SDXL/Fixtures"
  static let model = "\(fixtures)/pipeline"
  static let torchFiles = "\(Repository.tests)/FilesTests/Fixtures"
  static let prompts = ["a cat!", "the end of the road"]

  /// A tensor that diffusers computed.
  static func expected(_ name: String, in folder: String = "pipeline") throws -> Tensor {
    try SafetensorsFile("\(fixtures)/\(folder)/expected.safetensors").tensor(name)
  }

  /// The model's folder with some components replaced.
  static func model(with others: [String: String], at path: String) throws -> String {
    let files = FileManager.default
    try files.createDirectory(atPath: path, withIntermediateDirectories: true)
    for item in try files.contentsOfDirectory(atPath: model) {
      try files.copyItem(
        atPath: others[item].map { "\(fixtures)/\($0)" } ?? "\(model)/\(item)", toPath: "\(path)/\(item)")
    }
    return path
  }

  /// A recipe over prepared prompts.
  static func recipe(student: String) -> String {
    """
    name: tiny
    seed: 1
    threads: 1
    backbone: {kind: sdxl, model: \(model), prompts: prompts, size: [16, 16]}
    objective: {kind: dmd}
    matching: {guidance: 2}
    student: {steps: [1, 0.75, 0.5, 0.25], \(student)}
    fake-teacher: {updates: 1}
    training: {steps: 2, batch: 2}
    monitor: {every: 0}
    """
  }

  /// Prepares the prompts, trains one step of a recipe, and leaves the run in runs/tiny. The end of the run, with its
  /// images, takes longer than the rest.
  static func run(student: String, in scratch: Scratch) throws {
    try scratch.write(prompts.joined(separator: "\n"), to: "prompts.txt")
    try scratch.write(recipe(student: student), to: "r.yaml")
    try Fewstep.run(
      "prepare", "prompts", "prompts.txt", "--model", model, "--into", "prompts", "--dtype", "float32", in: scratch)
    try Fewstep.run("run", "r.yaml", "--stop-after", "1", in: scratch, expecting: 75)
  }
}

/// The largest difference, in units of the largest expected value.
func difference(_ made: Tensor, _ expected: Tensor) throws -> Double {
  guard made.shape == expected.shape else { return .infinity }
  let (a, b) = (try made.to(.float64).doubles(), try expected.to(.float64).doubles())
  guard a.allSatisfy(\.isFinite) else { return .infinity }
  let largest = b.map { abs($0) }.max() ?? 0
  return (zip(a, b).map { abs($0 - $1) }.max() ?? 0) / (largest > 0 ? largest : 1)
}
