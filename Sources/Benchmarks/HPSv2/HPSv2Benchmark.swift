import Files
import Foundation
import Media
import Tensors

/// HPSv2's benchmark (Wu et al., arXiv 2306.09341): an image each for 800 prompts of four styles.
///
/// The prompts are `anime.json`, `concept-art.json`, `paintings.json` and `photo.json` of the hub's data set `zhwang/HPDv2`,
/// folder `benchmark/`: arrays of texts. Images lie where `hpsv2.evaluate` looks for them, `<style>/<index:05d>.jpg`.
public struct HPSv2Benchmark: Benchmark {
  /// The names of the four files.
  public static let styles = ["anime", "concept-art", "paintings", "photo"]

  public let name = "hpsv2"
  public let items: [BenchmarkItem]
  public let prompts: String

  /// - Parameters:
  ///   - folder: with the four files.
  ///   - limit: so many of each style, the first ones; a sample's noise does not depend on it.
  /// - Throws: `Failure` with the file, and the place in it that is no text.
  public init(_ folder: String, limit: Int? = nil) throws {
    let texts = try Self.styles.map { try Self.prompts("\(folder)/\($0).json") }
    var (items, first) = ([BenchmarkItem](), 0)
    for (style, texts) in zip(Self.styles, texts) {
      items += texts.prefix(limit ?? texts.count).enumerated().map { index, text in
        let path = "\(style)/\(String(format: "%05d", index)).jpg"
        return BenchmarkItem(path: path, prompt: text, samples: first + index..<first + index + 1)
      }
      first += texts.count
    }
    self.items = items
    prompts = SHA256.hash(texts.flatMap(\.self))
  }

  public func write(_ pixels: Tensor, of item: BenchmarkItem, to path: String) throws {
    try ImageFile.write(ImageFile.bytes(pixels.squeezed(0)), to: path)
  }

  private static func prompts(_ path: String) throws -> [String] {
    let value = try JSONValue.read(path)
    guard case .array(let entries) = value, !entries.isEmpty else {
      throw Failure(
        .malformed, at: path, expected: "a JSON array of prompts", got: "\(value)".prefix(60).description)
    }
    return try entries.enumerated().map { index, entry in
      guard let text = entry.string else {
        throw Failure(
          .malformed, at: "\(path): [\(index)]", expected: "a text", got: "\(entry)".prefix(60).description)
      }
      return text
    }
  }
}
