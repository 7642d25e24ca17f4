import Foundation
import Storage
import Tensors
import Testing

@testable import Fewstep

/// A pipeline whose "networks" are arithmetic, so that every row can be told.
private final class ArithmeticPipeline: ModelPipeline {
  var embedded = 0
  var encoded = 0
  var name = "a"
  let denoiserInputs = [(name: "text", meaning: "a text's length")]

  func denoise(_ inputs: [String: Tensor]) throws -> Tensor { try Tensor([0.0]) }
  /// The mean of each channel.
  func encode(_ pixels: Tensor) throws -> Tensor {
    encoded += pixels.shape[0]
    return try pixels.mean([2, 3])
  }
  func decode(_ latents: Tensor, tile: Int?) throws -> Tensor { latents }
  func embed(_ texts: [String]) throws -> (tensors: [String: Tensor], cutOff: [Int]) {
    embedded += texts.count
    return (
      ["text": try Tensor(texts.map { Float($0.count) }, shape: [texts.count, 1])], texts.map { max(0, $0.count - 20) }
    )
  }
  func embedNothing() throws -> [String: Tensor] { ["text": try .zeros([1, 1])] }
  func describe(_ picture: PictureFrame) -> [String: [Float]] {
    ["frame": [picture.originalHeight, picture.originalWidth, picture.cropTop, picture.cropLeft].map(Float.init)]
  }
  func textIdentity() throws -> [String: String] { ["encoder": name] }
  func pictureIdentity() throws -> [String: String] { ["vae": name] }
}

@Suite struct PreparationTests {
  private let pipeline = ArithmeticPipeline()

  private func preparation(_ folder: String) -> Preparation {
    Preparation(pipeline, into: folder, shardRows: 2, batch: 2, dtype: .float32)
  }

  @Test("Prompts are embedded once: a second call finds them, other encoders make them anew")
  func prompts() throws {
    let scratch = try Scratch()
    let prompts = ["one", "three", String(repeating: "x", count: 25)]
    let first = try preparation(scratch.path("p")).prompts(prompts)
    #expect((first.rows, first.shards, first.kept, first.cutOff) == (3, 2, 0, 1))
    let folder = try ShardFolder(scratch.path("p"), kind: "prompts")
    #expect(try folder.texts("prompts") == prompts)
    #expect(try folder.rows("text", [2, 0, 1]).doubles() == [25, 3, 5])
    #expect(try folder.shared("unconditional/text").doubles() == [0])
    #expect(try preparation(scratch.path("p")).prompts(prompts).kept == 2)
    #expect(pipeline.embedded == 3)
    // Only the shard that changed is made again.
    #expect(try preparation(scratch.path("p")).prompts(["one", "three", "two"]).kept == 1)
    pipeline.name = "b"
    #expect(try preparation(scratch.path("p")).prompts(prompts).kept == 0)
  }

  @Test("A text that comes again in a shard is embedded once, and each of its rows is counted")
  func repeated() throws {
    let scratch = try Scratch()
    let long = String(repeating: "x", count: 25)
    let whole = Preparation(pipeline, into: scratch.path("p"), shardRows: 9, batch: 2, dtype: .float32)
    let summary = try whole.prompts(["one", long, "one", "three", long])
    #expect((summary.rows, summary.cutOff, pipeline.embedded) == (5, 2, 3))
    let rows = try ShardFolder(scratch.path("p"), kind: "prompts").rows("text", [0, 1, 2, 3, 4])
    #expect(try rows.doubles() == [3, 25, 3, 5, 25])
  }

  @Test("A preparation that is stopped leaves finished shards and no manifest, and goes on")
  func stopped() throws {
    struct Stop: Error {}
    let scratch = try Scratch()
    let prompts = ["a", "b", "c", "d", "e"]
    #expect(throws: Stop.self) {
      try preparation(scratch.path("p")).prompts(prompts) { if $0 > 2 { throw Stop() } }
    }
    #expect(throws: StorageError.self) { try ShardFolder(scratch.path("p"), kind: "prompts") }
    #expect(try preparation(scratch.path("p")).prompts(prompts).kept == 1)
    #expect(try ShardFolder(scratch.path("p"), kind: "prompts").count == 5)
  }

  /// A picture of one colour.
  private func picture(_ red: UInt8, _ width: Int, _ height: Int, to path: String) throws {
    let pixels = (0..<width * height).flatMap { _ in [red, 0, 255] as [UInt8] }
    try PNGImage(width: width, height: height, color: .rgb, pixels: pixels).write(to: path)
  }

  @Test("Pictures in a folder get the captions beside them, cover the frame and remember how they were cut")
  func pictures() throws {
    let scratch = try Scratch()
    let folder = scratch.path("pictures")
    try FileManager.default.createDirectory(atPath: "\(folder)/below", withIntermediateDirectories: true)
    try picture(255, 40, 20, to: "\(folder)/a.png")
    try picture(0, 10, 30, to: "\(folder)/below/b.png")
    try "  a caption\n".write(toFile: "\(folder)/a.txt", atomically: true, encoding: .utf8)
    let pictures = try PictureSource.pictures(in: [folder])
    #expect(pictures.map(\.caption) == ["a caption", ""])
    _ = try preparation(scratch.path("out")).pictures(pictures, size: [10, 10])
    let made = try ShardFolder(scratch.path("out"), kind: "latents")
    #expect(try made.texts("names") == ["\(folder)/a.png", "\(folder)/below/b.png"])
    #expect(try made.rows("latents", [0, 1]).doubles() == [1, -1, 1, -1, -1, 1])
    #expect(try made.rows("frame", [0, 1]).doubles() == [20, 40, 0, 5, 30, 10, 10, 0])
    #expect(made.manifest.attributes["size"] == "10x10")
    #expect(try preparation(scratch.path("out")).pictures(pictures, size: [10, 10]).kept == 1)
    #expect(pipeline.encoded == 2)
    try picture(9, 40, 20, to: "\(folder)/a.png")
    #expect(
      try preparation(scratch.path("out")).pictures(PictureSource.pictures(in: [folder]), size: [10, 10]).kept == 0)
  }

  @Test("A damaged picture is named, and what was finished before it stays")
  func damaged() throws {
    let scratch = try Scratch()
    let folder = scratch.path("pictures")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in ["a", "b", "c"] { try picture(1, 12, 12, to: "\(folder)/\(name).png") }
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(folder)/c.png"))
    let pictures = try PictureSource.pictures(in: [folder])
    #expect {
      _ = try preparation(scratch.path("out")).pictures(pictures, size: [8, 8])
    } throws: {
      ($0 as? StorageError)?.place.contains("c.png") == true
    }
    try picture(1, 12, 12, to: "\(folder)/c.png")
    #expect(
      try preparation(scratch.path("out")).pictures(PictureSource.pictures(in: [folder]), size: [8, 8]).kept == 1)
  }

  @Test("Prompts are lines of a text or of JSON; a line that is none is named")
  func promptFiles() throws {
    let scratch = try Scratch()
    func read(_ text: String, _ name: String) throws -> [String] {
      try text.write(toFile: scratch.path(name), atomically: true, encoding: .utf8)
      return try PromptFile.read(scratch.path(name))
    }
    #expect(try read("a fox\r\n\n  two words \n", "p.txt") == ["a fox", "two words"])
    #expect(
      try read("{\"prompt\": \"a\", \"caption\": \"no\"}\n\"b\"\n{\"caption\": \"c\"}\n", "p.jsonl") == ["a", "b", "c"])
    #expect { _ = try read("{\"prompt\": \"a\"}\n{\"word\": 1}", "q.jsonl") } throws: { "\($0)".contains("q.jsonl:2") }
    #expect { _ = try read("\n\n", "e.txt") } throws: { "\($0)".contains("no prompts") }
    #expect { _ = try PromptFile.read(scratch.path("none.txt")) } throws: { "\($0)".contains("no such file") }
  }
}
