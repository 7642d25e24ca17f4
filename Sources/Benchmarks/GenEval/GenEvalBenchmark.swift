import Files
import Foundation
import Media
import Tensors

/// GenEval (Ghosh et al., arXiv 2310.11513): four images for each of 553 prompts about objects, their numbers, colors
/// and positions.
///
/// The layout is that of `evaluation/evaluate_images.py`: `<index:05d>/metadata.jsonl` with the prompt's line,
/// `<index:05d>/samples/0000.png` to `0003.png`, and `<index:05d>/grid.png` with the four side by side. An item is a
/// prompt; its grid is written last, so its existence means that all of its files exist.
public struct GenEvalBenchmark: Benchmark {
  /// The number of images per prompt.
  public static let imagesPerPrompt = 4

  public let name = "geneval"
  public let items: [BenchmarkItem]
  public let prompts: String
  /// All prompts of the file; an index is a position here.
  public let all: [GenEvalPrompt]
  /// The indices of the prompts in the benchmark.
  public let indices: [Int]

  /// - Parameters:
  ///   - path: `evaluation_metadata.jsonl`.
  ///   - limit: the number of first prompts per task; folders and noises do not depend on it.
  /// - Throws: `Failure` naming the line and the field that cannot be used.
  public init(_ path: String, limit: Int? = nil) throws {
    all = try GenEvalPrompt.read(path)
    var counts = [GenEvalTask: Int]()
    let tasks = all.map(\.task)
    indices = tasks.indices.filter { index in
      counts[tasks[index], default: 0] += 1
      return counts[tasks[index]]! <= limit ?? .max
    }
    items = indices.map { [all] index in
      BenchmarkItem(
        path: "\(Self.folder(index))/grid.png", prompt: all[index].text,
        samples: index * Self.imagesPerPrompt..<(index + 1) * Self.imagesPerPrompt)
    }
    prompts = SHA256.hash(all.map(\.line))
  }

  static func folder(_ index: Int) -> String { String(format: "%05d", index) }
  static func metadata(_ index: Int) -> String { "\(folder(index))/metadata.jsonl" }
  func images(of index: Int) -> [String] {
    (0..<Self.imagesPerPrompt).map { "\(Self.folder(index))/samples/\(String(format: "%04d", $0)).png" }
  }

  public func prepare(_ root: String) throws {
    for index in indices {
      let folder = "\(root)/\(Self.folder(index))"
      try FileManager.default.createDirectory(atPath: "\(folder)/samples", withIntermediateDirectories: true)
      let (path, line) = ("\(folder)/metadata.jsonl", Data(all[index].line.utf8))
      if FileManager.default.contents(atPath: path) != line { try AtomicFile.write(line, to: path) }
      // The grid means that the prompt is done, unless one of its images was removed since.
      let (files, grid) = (FileManager.default, "\(folder)/grid.png")
      if files.fileExists(atPath: grid), !images(of: index).allSatisfy({ files.fileExists(atPath: "\(root)/\($0)") }) {
        try files.removeItem(atPath: grid)
      }
    }
  }

  public func write(_ pixels: Tensor, of item: BenchmarkItem, to path: String) throws {
    let images = try ImageFile.bytes(pixels)
    let folder = (path as NSString).deletingLastPathComponent + "/samples"
    for number in 0..<images.shape[0] {
      let name = String(format: "%04d", number)
      try ImageFile.write(images.part([.at(number)]).contiguous(), to: "\(folder)/\(name).png")
    }
    try ImageFile.write(ImageFile.joined(images, columns: Self.imagesPerPrompt), to: path)
  }

  /// The first of the four images.
  public func image(_ path: String) throws -> Tensor {
    try RGBImage.read((path as NSString).deletingLastPathComponent + "/samples/0000.png").tensor()
  }
}
