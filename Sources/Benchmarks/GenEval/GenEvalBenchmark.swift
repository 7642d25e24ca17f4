import Files
import Foundation
import Media
import Tensors

/// GenEval (Ghosh et al., arXiv 2310.11513): four images each of 553 prompts about objects, their numbers, colors and
/// positions.
///
/// The layout is that of `evaluation/evaluate_images.py`: `<index:05d>/metadata.jsonl` with the prompt's line,
/// `<index:05d>/samples/0000.png` to `0003.png`, and `<index:05d>/grid.png` with the four beside each other. An item is a
/// prompt; its grid is written last and so stands for all of its files.
public struct GenEvalBenchmark: Benchmark {
  /// Images of each prompt.
  public static let imagesPerPrompt = 4

  public let name = "geneval"
  public let items: [BenchmarkItem]
  public let prompts: String
  /// All of the file; an index is a place here.
  public let all: [GenEvalPrompt]
  /// Those that are in the benchmark.
  public let indices: [Int]

  /// - Parameters:
  ///   - path: `evaluation_metadata.jsonl`.
  ///   - limit: so many of each task, the first ones; folders and noises do not depend on it.
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
      // The grid says that the prompt is done: where an image of it has gone since, it is not.
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

  /// The first of the four.
  public func image(_ path: String) throws -> Tensor {
    try RGBImage.read((path as NSString).deletingLastPathComponent + "/samples/0000.png").tensor()
  }
}
