import Files
import Foundation
import Media
import Tensors
import TestSupport
import Testing

@testable import Fewstep

/// An autoencoder and text encoders that consist of simple arithmetic, so that every row can be predicted.
private final class Arithmetic: Codec, TextConditioner {
  var embedded = 0
  var encoded = 0
  var name = "a"
  let pixels = TensorInput("pixels", "pixels", ["B", 3, "h", "w"])
  let latents = TensorInput("latents", "means of channels", ["B", 3])

  /// The mean of each channel.
  func encode(_ pixels: Tensor) throws -> Tensor {
    encoded += pixels.shape[0]
    return try pixels.mean([2, 3])
  }
  func decode(_ latents: Tensor, tile: Int?) throws -> Tensor { latents }
  func embed(_ prompts: [String]) throws -> (tensors: [String: Tensor], cutOff: [Int]) {
    embedded += prompts.count
    return (
      ["text": try Tensor(prompts.map { Float($0.count) }, shape: [prompts.count, 1])],
      prompts.map { max(0, $0.count - 20) }
    )
  }
  func nothing() throws -> [String: Tensor] { ["text": try .zeros([1, 1])] }
  func geometry(_ frame: MediaFrame) -> [String: [Float]] {
    ["frame": [frame.original.height, frame.original.width, frame.cropTop, frame.cropLeft].map(Float.init)]
  }
  /// The fingerprint of both.
  func fingerprint() throws -> Fingerprint { ["encoder": name] }
}

@Suite struct LatentCacheTests {
  private let model = Arithmetic()

  private func preparation(_ folder: String) -> LatentCache {
    cache(folder, shardRows: 2)
  }

  private func cache(_ folder: String, shardRows: Int, dtype: DType = .float32) -> LatentCache {
    LatentCache(model, model, geometry: model.geometry, into: folder, shardRows: shardRows, batch: 2, dtype: dtype)
  }

  @Test func `Prompts are embedded once: a second call finds them, other encoders and other files are refused`() throws
  {
    let scratch = try Scratch()
    let prompts = ["one", "three", String(repeating: "x", count: 25)]
    let first = try preparation(scratch.path("p")).prompts(prompts)
    #expect((first.rows, first.shards, first.kept, first.cutOff) == (3, 2, 0, 1))
    let folder = try ShardFolder(scratch.path("p"), kind: "prompts")
    #expect(try folder.strings("prompts") == prompts)
    #expect(try folder.rows("text", [2, 0, 1]).doubles() == [25, 3, 5])
    #expect(try folder.shared("unconditional/text").doubles() == [0])
    #expect(try preparation(scratch.path("p")).prompts(prompts).kept == 2)
    #expect(model.embedded == 3)
    // Only the shard that changed is made again.
    #expect(try preparation(scratch.path("p")).prompts(["one", "three", "two"]).kept == 1)
    #expect { _ = try preparation(scratch.path("p")).prompts(["other"], from: "b.txt") } throws: {
      "\($0)".contains("expected rows from b.txt")
    }
    model.name = "b"
    #expect { _ = try preparation(scratch.path("p")).prompts(prompts) } throws: {
      "\($0)".contains("encoder: a instead of b")
    }
    #expect(try ShardFolder(scratch.path("p"), kind: "prompts").count == 3)
  }

  @Test func `A text that comes again in a shard is embedded once, and each of its rows is counted`() throws {
    let scratch = try Scratch()
    let long = String(repeating: "x", count: 25)
    let whole = cache(scratch.path("p"), shardRows: 9)
    let summary = try whole.prompts(["one", long, "one", "three", long])
    #expect((summary.rows, summary.cutOff, model.embedded) == (5, 2, 3))
    let rows = try ShardFolder(scratch.path("p"), kind: "prompts").rows("text", [0, 1, 2, 3, 4])
    #expect(try rows.doubles() == [3, 25, 3, 5, 25])
  }

  @Test func `A preparation that is stopped leaves finished shards and no manifest, and goes on`() throws {
    struct Stop: Error {}
    let scratch = try Scratch()
    let prompts = ["a", "b", "c", "d", "e"]
    #expect(throws: Stop.self) {
      try preparation(scratch.path("p")).prompts(prompts) { if $0 > 2 { throw Stop() } }
    }
    #expect(throws: Failure.self) { try ShardFolder(scratch.path("p"), kind: "prompts") }
    #expect(try preparation(scratch.path("p")).prompts(prompts).kept == 1)
    #expect(try ShardFolder(scratch.path("p"), kind: "prompts").count == 5)
  }

  /// Writes an image of one color.
  private func picture(_ red: UInt8, _ width: Int, _ height: Int, to path: String) throws {
    let pixels = (0..<width * height).flatMap { _ in [red, 0, 255] as [UInt8] }
    try PNGImage(width: width, height: height, color: .rgb, pixels: pixels).write(to: path)
  }

  @Test
  func `Pictures in a folder get the captions beside them, cover the frame and remember how they were cut`() throws {
    let scratch = try Scratch()
    let folder = scratch.path("pictures")
    try FileManager.default.createDirectory(atPath: "\(folder)/below", withIntermediateDirectories: true)
    try picture(255, 40, 20, to: "\(folder)/a.png")
    try picture(0, 10, 30, to: "\(folder)/below/b.png")
    try "  a caption\n".write(toFile: "\(folder)/a.txt", atomically: true, encoding: .utf8)
    let pictures = try ImageSource.images(in: [folder])
    #expect(pictures.map(\.caption) == ["a caption", ""])
    _ = try preparation(scratch.path("out")).media(pictures, size: MediaSize(height: 10, width: 10))
    let made = try ShardFolder(scratch.path("out"), kind: "latents")
    #expect(try made.strings("names") == ["\(folder)/a.png", "\(folder)/below/b.png"])
    #expect(try made.rows("latents", [0, 1]).doubles() == [1, -1, 1, -1, -1, 1])
    #expect(try made.rows("frame", [0, 1]).doubles() == [20, 40, 0, 5, 30, 10, 10, 0])
    #expect(made.manifest.fingerprint["size"] == "10x10")
    #expect(try preparation(scratch.path("out")).media(pictures, size: MediaSize(height: 10, width: 10)).kept == 1)
    #expect(model.encoded == 2)
    try picture(9, 40, 20, to: "\(folder)/a.png")
    #expect(
      try preparation(scratch.path("out")).media(
        ImageSource.images(in: [folder]), size: MediaSize(height: 10, width: 10)
      ).kept == 0)
  }

  @Test func `A damaged picture is named, and what was finished before it stays`() throws {
    let scratch = try Scratch()
    let folder = scratch.path("pictures")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in ["a", "b", "c"] { try picture(1, 12, 12, to: "\(folder)/\(name).png") }
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(folder)/c.png"))
    let pictures = try ImageSource.images(in: [folder])
    #expect {
      _ = try preparation(scratch.path("out")).media(pictures, size: MediaSize(height: 8, width: 8))
    } throws: {
      ($0 as? Failure)?.place.contains("c.png") == true
    }
    try picture(1, 12, 12, to: "\(folder)/c.png")
    #expect(
      try preparation(scratch.path("out")).media(ImageSource.images(in: [folder]), size: MediaSize(height: 8, width: 8))
        .kept == 1)
  }

  @Test
  func `Bad pictures that may be left out are named and counted, and the shards after them stay what they are`() throws
  {
    let scratch = try Scratch()
    let folder = scratch.path("pictures")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (index, name) in ["a", "b", "c", "d", "e"].enumerated() {
      try picture(UInt8(index * 50), 12, 12, to: "\(folder)/\(name).png")
    }
    // One of the first shard's two, and both of the second's.
    for name in ["b", "c", "d"] {
      try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name).png"))
    }
    let pictures = try ImageSource.images(in: [folder])
    let bad = ["b", "c", "d"].map { "\(folder)/\($0).png" }
    for kept in [0, 3] {
      var preparation = preparation(scratch.path("out"))
      var told = [String]()
      preparation.report = { if case .skipped(let error) = $0 { told.append(error.place) } }
      let summary = try preparation.media(pictures, size: MediaSize(height: 8, width: 8), skippingBad: true)
      #expect((summary.rows, summary.shards, summary.kept, summary.skipped) == (2, 3, kept, 3))
      #expect(told == (kept == 0 ? bad : []))
      let made = try ShardFolder(scratch.path("out"), kind: "latents")
      #expect(made.manifest.skipped == bad)
      #expect(made.manifest.rows == [1, 0, 1])
      #expect(try made.strings("names") == ["\(folder)/a.png", "\(folder)/e.png"])
      #expect(try made.rows("latents", [1]).doubles()[0] > 0.5)
    }
    try picture(255, 12, 12, to: "\(folder)/c.png")
    let mended = try ImageSource.images(in: [folder])
    #expect(
      try preparation(scratch.path("out")).media(mended, size: MediaSize(height: 8, width: 8), skippingBad: true).kept
        == 2)
    #expect(throws: Failure.self) {
      try preparation(scratch.path("none")).media(
        [pictures[1]], size: MediaSize(height: 8, width: 8), skippingBad: true)
    }
    #expect(!FileManager.default.fileExists(atPath: scratch.path("none/manifest.json")))
  }

  @Test func `What a network makes that is not finite is refused by its text, before anything of it is stored`() throws
  {
    let scratch = try Scratch()
    let half = cache(scratch.path("p"), shardRows: 2, dtype: .float16)
    // The embedding is the prompt's length.
    let long = String(repeating: "x", count: 70000)
    #expect { _ = try half.prompts(["a", long]) } throws: { "\($0)".hasPrefix("xxx") && "\($0)".contains("not finite") }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path("p")).isEmpty)
  }

  @Test func `A damaged shard is made again, told and counted; texts that are cut are told one by one`() throws {
    let scratch = try Scratch()
    var preparation = preparation(scratch.path("p"))
    var told = [String]()
    preparation.report = { finding in
      switch finding {
      case .cutOff(let prompt, let tokens): told.append("\(prompt.count) \(tokens)")
      case .damaged(let error): told.append(error.place)
      case .skipped: told.append("?")
      }
    }
    let prompts = ["a", String(repeating: "x", count: 23), "b"]
    _ = try preparation.prompts(prompts)
    #expect(told == ["23 3"])
    let shard = scratch.path("p/shard-00001.h5")
    try Data("no".utf8).write(to: URL(fileURLWithPath: shard))
    let summary = try preparation.prompts(prompts)
    #expect((summary.kept, summary.damaged) == (1, 1))
    #expect(told.last == shard)
  }

  @Test func `Captions of a tar are found wherever they stand in it`() throws {
    let scratch = try Scratch()
    func member(_ name: String, _ content: [UInt8]) -> [UInt8] {
      var header = [UInt8](repeating: 0, count: 512)
      header.replaceSubrange(0..<name.utf8.count, with: name.utf8)
      let size = Array(String(content.count, radix: 8).utf8)
      header.replaceSubrange(124..<124 + size.count, with: size)
      header.replaceSubrange(148..<156, with: [UInt8](repeating: 32, count: 8))
      let sum = Array(String(header.reduce(0) { $0 + Int($1) }, radix: 8).utf8)
      header.replaceSubrange(148..<148 + sum.count, with: sum)
      return header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }
    let members = [("a.png", "?"), ("b.png", "?"), ("a.txt", "one"), ("b.txt", "two")]
    let archive = scratch.path("t.tar")
    try Data(members.flatMap { member($0, Array($1.utf8)) }).write(to: URL(fileURLWithPath: archive))
    #expect(try ImageSource.images(in: [archive]).map(\.caption) == ["one", "two"])
  }

  @Test func `A shape is told with what the inputs before it say; integers and what is not finite are refused`() throws
  {
    let inputs = [
      TensorInput("x", "an image", ["B", 3, .free("h", multipleOf: 8)]),
      TensorInput("t", "times", ["B"], takesIntegers: true),
    ]
    func refusal(_ x: Tensor, _ t: Tensor) -> String {
      var sizes = [String: Int]()
      do { for (input, tensor) in zip(inputs, [x, t]) { try input.check(tensor, sizes: &sizes, at: "b.h5") } } catch {
        return "\(error)"
      }
      return ""
    }
    func zeros(_ shape: Int..., dtype: DType = .float32) throws -> Tensor { try .zeros(shape, dtype) }
    #expect(inputs[0].description == "an image [B, 3, 8·h]")
    #expect(try refusal(zeros(2, 3, 16), zeros(2)) == "")
    #expect(try refusal(zeros(2, 3, 16), zeros(2, dtype: .int64)) == "")
    #expect(try refusal(zeros(2, 3, 16), zeros(3)) == "b.h5: t: expected [2], got [3]")
    for shape in [[2, 3, 9], [2, 3, 0], [2, 4, 8], [0, 3, 8], [3, 8]] {
      #expect(try refusal(.zeros(shape), zeros(2)) == "b.h5: x: expected [B, 3, 8·h], got \(shape)")
    }
    #expect(try refusal(zeros(2, 3, 16, dtype: .int64), zeros(2)).contains("x: expected floating-point numbers"))
    #expect(try refusal(zeros(2, 3, 16), .full([2], .nan, .float32)).contains("t: expected finite numbers, got 2 of 2"))
  }

  @Test func `Prompts are lines of a text or of JSON; a line that is none is named`() throws {
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
    #expect { _ = try read("", "o.txt") } throws: { "\($0)".contains("the file is empty") }
    #expect { _ = try PromptFile.read("/dev/null") } throws: { "\($0)".contains("the file is empty") }
    #expect { _ = try PromptFile.read(scratch.path("none.txt")) } throws: { "\($0)".contains("no such file") }
    #expect { _ = try PromptFile.read(scratch.folder) } throws: { "\($0)".contains("got a folder") }
    #expect { _ = try read("\"a\"\n\"b\\u0000c\"", "z.jsonl") } throws: {
      "\($0)".contains("z.jsonl:2: expected a text")
    }
    #expect { _ = try read("a\u{0}b", "z.txt") } throws: { "\($0)".contains("z.txt:1: expected a text") }
  }
}
