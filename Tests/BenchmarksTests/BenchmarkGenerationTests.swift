import Foundation
import Tensors
import TestSupport
import Testing

@testable import Benchmarks
@testable import Media

@Suite struct BenchmarkGenerationTests {
  /// Images of four prompts, one of which has two samples.
  private struct Four: Benchmark {
    let name = "four"
    let prompts = "hash"
    let items = [
      BenchmarkItem(path: "a/0.png", prompt: "a", samples: 0..<1),
      BenchmarkItem(path: "a/1.png", prompt: "b", samples: 1..<2),
      BenchmarkItem(path: "2.png", prompt: "c", samples: 2..<4),
      BenchmarkItem(path: "3.png", prompt: "d", samples: 4..<5),
    ]

    func prepare(_ root: String) throws { try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(root)/about.json")) }

    func write(_ pixels: Tensor, of item: BenchmarkItem, to path: String) throws {
      #expect(pixels.shape[0] == item.samples.count)
      try ImageFile.write(ImageFile.bytes(pixels[0]), to: path)
    }
  }

  private struct Stopped: Error {}

  private static func record(_ seed: Int = 1, _ model: Fingerprint = ["weights": "w"]) -> GenerationRecord {
    GenerationRecord(benchmark: "four", prompts: "hash", seed: seed, model: model)
  }

  /// Pixels that encode the sample's number.
  private static func pixels(_ texts: [String], _ first: Int) throws -> Tensor {
    let levels = try Tensor(texts.indices.map { Double(first + $0 + 1) / 255 }, shape: [texts.count, 1, 1, 1])
    return try levels.to(.float32).expanded([-1, 3, 2, 2])
  }

  private static func levels(_ folder: BenchmarkFolder) throws -> [String: Double] {
    try Dictionary(
      uniqueKeysWithValues: Four().items.map {
        ($0.path, try Four().image("\(folder.samples)/\($0.path)").to(.float64).doubles()[0])
      })
  }

  @Test(arguments: [1, 2, 8])
  func `What was stopped in the middle goes on, and its samples are those of one that was not`(batch: Int) throws {
    let scratch = try Scratch()
    let (whole, parts) = (BenchmarkFolder(scratch.path("whole")), BenchmarkFolder(scratch.path("parts")))
    try BenchmarkGeneration(Four(), into: whole, Self.record())(batch: batch, sampler: Self.pixels) { _ in }
    let stopped = try BenchmarkGeneration(Four(), into: parts, Self.record())
    #expect(throws: Stopped.self) {
      try stopped(batch: batch, sampler: Self.pixels) { if $0 == 2 { throw Stopped() } }
    }
    let again = try BenchmarkGeneration(Four(), into: parts, Self.record())
    #expect(again.missing.map(\.prompt) == ["c", "d"])
    var done = [Int]()
    try again(batch: batch, sampler: Self.pixels) { done.append($0) }
    #expect(done == [3, 4])
    #expect(try Self.levels(parts) == Self.levels(whole))
    #expect(try Self.levels(whole) == ["a/0.png": 1, "a/1.png": 2, "2.png": 3, "3.png": 5])
    try BenchmarkGeneration(Four(), into: parts, Self.record())(batch: batch, sampler: { _, _ in throw Stopped() }) {
      _ in
    }
  }

  @Test func `A picture that is lost is made again in the batch that it was in`() throws {
    let names = { (groups: [[BenchmarkItem]]) in groups.map { $0.map(\.prompt).joined() } }
    #expect(names(BenchmarkGeneration.groups(Four().items, batch: 1)) == ["a", "b", "c", "d"])
    #expect(names(BenchmarkGeneration.groups(Four().items, batch: 3)) == ["ab", "cd"])
    #expect(names(BenchmarkGeneration.groups(Four().items, batch: 4)) == ["abc", "d"])
    // Samples that are not consecutive are not made together: their noise comes from consecutive rows.
    #expect(names(BenchmarkGeneration.groups([Four().items[0], Four().items[2]], batch: 9)) == ["a", "c"])
    let scratch = try Scratch()
    let folder = BenchmarkFolder(scratch.folder)
    try BenchmarkGeneration(Four(), into: folder, Self.record())(batch: 4, sampler: Self.pixels) { _ in }
    try FileManager.default.removeItem(atPath: "\(folder.samples)/a/1.png")
    var asked = [String]()
    try BenchmarkGeneration(Four(), into: folder, Self.record())(batch: 4) { texts, first in
      asked.append("\(first) \(texts.joined())")
      return try Self.pixels(texts, first)
    } progress: {
      _ in
    }
    #expect(asked == ["0 abcc"])
  }

  @Test func `A folder that another model's samples are in is refused with what differs, and keeps them`() throws {
    let scratch = try Scratch()
    let folder = BenchmarkFolder(scratch.folder)
    _ = try BenchmarkGeneration(Four(), into: folder, Self.record())
    let other = Self.record(2, ["weights": "v", "steps": "4"])
    let refused = words { _ = try BenchmarkGeneration(Four(), into: folder, other) }
    #expect(refused.contains("seed: 1 instead of 2; steps: none instead of 4; weights: w instead of v"), "\(refused)")
    #expect(try GenerationRecord.read(folder.record) == Self.record())
    #expect(FileManager.default.fileExists(atPath: "\(folder.samples)/about.json"))
    try Data("[1".utf8).write(to: URL(fileURLWithPath: folder.record))
    let damaged = words { _ = try BenchmarkGeneration(Four(), into: folder, Self.record()) }
    #expect(damaged.contains("generation.json: it is not a record of generated samples"), "\(damaged)")
  }

  @Test func `Scores of other fingerprints are told apart by what differs`() throws {
    func fingerprint(_ samples: Int, _ scorers: Fingerprint) -> Fingerprint {
      Fingerprint(benchmark: "four", version: 1, prompts: "p", samples: samples, scorers: scorers)
    }
    let made = fingerprint(4, ["HPS v2.1": "a"])
    #expect(made.differences(from: made) == [])
    #expect(
      made.differences(from: fingerprint(3, ["HPS v2.0": "b"]))
        == ["HPS v2.0: none instead of b", "HPS v2.1: a instead of none", "samples: 4 instead of 3"])
    let scratch = try Scratch()
    let scores = BenchmarkScores(
      fingerprint: made, generation: Self.record(),
      scores: [BenchmarkScore("all", .init(1.5, interval: 1...2), samples: 4)])
    try scores.write(to: scratch.path("scores.json"))
    #expect(try BenchmarkScores.read(scratch.path("scores.json")) == scores)
    try scratch.write("{}", to: "scores.json")
    #expect(words { _ = try BenchmarkScores.read(scratch.path("scores.json")) }.contains("these are not scores"))
  }
}
