import Foundation
import Tensors
import TestSupport

@testable import Benchmarks
@testable import Files

/// What make_vbench.py wrote, and the networks that it used.
enum VBenchFixtures {
  static let folder = "\(Repository.tests)/BenchmarksTests/Fixtures/vbench"
  static let names = ["wide", "square", "tall"]
  static let models = VBenchModels(
    dino: "\(folder)/dino.pth", clipB32: "\(Repository.tests)/EncodersTests/Fixtures/clip-model",
    clipL14: "\(Repository.tests)/EncodersTests/Fixtures/clip-model",
    aesthetic: "\(Repository.tests)/EncodersTests/Fixtures/aesthetic/single.pth")

  struct Expected: Decodable {
    let styles: [String]
    let scores: [String: Double]
    /// In the order of `names`.
    let videos: [String: [Double]]
    let counts: [String: Int]
    let madeUp: [String: Double]
    let totals: VBenchTotals
  }

  static func expected() throws -> Expected {
    try JSONDecoder().decode(Expected.self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/expected.json")))
  }

  static func tensor(_ name: String) throws -> Tensor {
    try SafetensorsFile("\(folder)/expected.safetensors").tensor(name)
  }

  /// The whole content of a gzip file, whose last four bytes say how much that is.
  static func unzipped(_ name: String) throws -> Data {
    let path = "\(folder)/\(name)"
    let size = try Data(contentsOf: URL(fileURLWithPath: path)).suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    return Data(try GzipFile(path).read(size, name))
  }

  /// VBench's own list.
  static func prompts(in scratch: Scratch, augmented: String? = nil) throws -> VBenchPrompts {
    let path = scratch.path("VBench_full_info.json")
    try unzipped("VBench_full_info.json.gz").write(to: URL(fileURLWithPath: path))
    return try VBenchPrompts(path, augmented: augmented)
  }

  /// Each of the three videos with its style, as files of VBench's names for one prompt each.
  static func list(_ dimension: VBenchDimension) throws -> String {
    let entries = try zip(names, expected().styles).map { name, style in
      "{\"prompt_en\": \"\(name)\", \"dimension\": [\"\(dimension.rawValue)\"], "
        + "\"auxiliary_info\": {\"appearance_style\": {\"appearance_style\": \"\(style)\"}}}"
    }
    return "[\(entries.joined(separator: ", "))]"
  }
}
