import Foundation
import Tensors
import TestSupport

@testable import Benchmarks
@testable import Files

/// The output of make_vbench.py, and the networks that it used.
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

  static func data(_ name: String) throws -> Data { try unzipped("\(folder)/\(name)") }

  /// VBench's own list.
  static func prompts(in scratch: Scratch, augmented: String? = nil) throws -> VBenchPrompts {
    let path = scratch.path("VBench_full_info.json")
    try data("VBench_full_info.json.gz").write(to: URL(fileURLWithPath: path))
    return try VBenchPrompts(path, augmented: augmented)
  }

  /// A list of three prompts, named like the three videos, each with its video's style.
  static func list(_ dimension: VBenchDimension) throws -> String {
    let entries = try zip(names, expected().styles).map { name, style in
      "{\"prompt_en\": \"\(name)\", \"dimension\": [\"\(dimension.rawValue)\"], "
        + "\"auxiliary_info\": {\"appearance_style\": {\"appearance_style\": \"\(style)\"}}}"
    }
    return "[\(entries.joined(separator: ", "))]"
  }
}
