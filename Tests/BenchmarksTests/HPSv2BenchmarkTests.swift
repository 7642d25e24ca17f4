import Fewstep
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Benchmarks
@testable import Files

@Suite struct HPSv2BenchmarkTests {
  /// Prompt files with this many prompts each.
  private static func prompts(_ count: Int, in scratch: Scratch) throws -> String {
    for style in HPSv2Benchmark.styles {
      try scratch.write(
        "[" + (0..<count).map { "\"\(style) \($0)\"" }.joined(separator: ", ") + "]", to: "\(style).json")
    }
    return scratch.folder
  }

  @Test func `Pictures are called as hpsv2.evaluate looks for them, and a limit changes no sample's number`() throws {
    let scratch = try Scratch()
    let suite = try HPSv2Benchmark(Self.prompts(3, in: scratch))
    #expect(suite.items.count == 12)
    #expect(suite.items[0] == BenchmarkItem(path: "anime/00000.jpg", prompt: "anime 0", samples: 0..<1))
    #expect(suite.items[11] == BenchmarkItem(path: "photo/00002.jpg", prompt: "photo 2", samples: 11..<12))
    let part = try HPSv2Benchmark(scratch.folder, limit: 2)
    #expect(part.items == suite.items.filter { !$0.path.hasSuffix("2.jpg") })
    #expect(part.prompts == suite.prompts)
    try scratch.write(#"["another", "b", "c"]"#, to: "photo.json")
    #expect(try HPSv2Benchmark(scratch.folder).prompts != suite.prompts)
  }

  @Test func `Prompt files that are wrong are refused with the file and the place`() throws {
    let scratch = try Scratch()
    let folder = try Self.prompts(2, in: scratch)
    func refused(_ text: String) throws -> String {
      try scratch.write(text, to: "paintings.json")
      return words { _ = try HPSv2Benchmark(folder) }
    }
    try #expect(refused(#"["a", {"prompt": "b"}]"#).contains("paintings.json: [1]: expected a text, got {"))
    try #expect(refused(#"{"prompts": []}"#).contains("paintings.json: expected a JSON array of prompts, got {"))
    try #expect(refused("[]").contains("paintings.json: expected a JSON array of prompts, got []"))
    try #expect(refused("[").contains("paintings.json: not JSON"))
    try FileManager.default.removeItem(atPath: "\(folder)/photo.json")
    try #expect(refused(#"["a"]"#).contains("photo.json"))
  }

  @Test func `A style's score is its mean, and the average that over all pictures`() throws {
    let scratch = try Scratch()
    let scores = try HPSv2Scores(HPSv2Benchmark(Self.prompts(2, in: scratch)), root: "nowhere")
      .scores([1, 3, 10, 20, 0, 0, 5, 5])
    #expect(scores.map(\.name) == ["anime", "concept-art", "paintings", "photo", "average"])
    #expect(scores.map(\.value) == [2, 15, 0, 5, 5.5])
    #expect(scores.map(\.samples) == [2, 2, 2, 2, 8])
    #expect(scores[1].interval == 10...20)
    #expect(scores.allSatisfy { $0.details == nil })
  }

  @Test func `A style's standard deviation is that of the means of ten chunks of 80, as NumPy's std has it`() {
    // Chunk c has the mean c; within a chunk values are spread evenly around it.
    let values = (0..<800).map { index -> Double in
      let within = Double(index % 80) - 39.5
      return Double(index / 80) + within / 100
    }
    #expect(abs((HPSv2Scores.stdOfChunks(values) ?? 0) - 8.25.squareRoot()) < 1e-9)
    #expect(HPSv2Scores.stdOfChunks(Array(values.dropLast())) == nil)
  }

  @Test func `A missing picture is counted and named, and a damaged one named`() throws {
    let scratch = try Scratch()
    let suite = try HPSv2Benchmark(Self.prompts(1, in: scratch))
    let scorer = HPSv2Scores(suite, root: scratch.folder)
    func refused() -> String {
      words { _ = try scorer(Brightness(), scorer: "brightness", batch: 3) { _ in } }
    }
    for item in suite.items.dropLast() {
      let path = scratch.path(item.path)
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try suite.write(.full([1, 3, 8, 8], 0.5), of: item, to: path)
    }
    #expect(refused().contains("1 of 4 files are missing, the first is photo/00000.jpg"), "\(refused())")
    try FileManager.default.createDirectory(atPath: scratch.path("photo"), withIntermediateDirectories: true)
    try scratch.write("no picture", to: "photo/00000.jpg")
    #expect(refused().contains("photo/00000.jpg: not an image that is read"), "\(refused())")
    try suite.write(.full([1, 3, 8, 8], 0.25), of: suite.items[3], to: scratch.path("photo/00000.jpg"))
    let made = try scorer(Brightness(), scorer: "brightness", batch: 3) { _ in }
    #expect(made.fingerprint["samples"] == "4" && made.fingerprint["scorer"] == "brightness")
    // 0.5 is 128 of 255 and 0.25 is 64; JPEG preserves uniform colors.
    #expect(abs(made.scores[0].value - 100 * 128 / 255.0) < 1e-4, "\(made.scores)")
    #expect(abs(made.scores[3].value - 100 * 64 / 255.0) < 1e-4, "\(made.scores)")
  }
}

/// How bright an image is, 0 to 1.
private final class Brightness: ImageFileReward {
  func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    try samples.meanPerSample()
  }

  func score(images: [Tensor], prompts: [String]) throws -> Tensor {
    try stacked(images.map { try ($0.to(.float32) / 255).unsqueezed(0).meanPerSample().squeezed(0) })
  }
}
