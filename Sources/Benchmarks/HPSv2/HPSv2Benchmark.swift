import Files
import Foundation
import Media
import Tensors

/// HPSv2's benchmark (Wu et al., arXiv 2306.09341): one image for each of 800 prompts in each of four styles.
///
/// The prompts are `anime.json`, `concept-art.json`, `paintings.json` and `photo.json` in the folder `benchmark/` of
/// the hub's data set `zhwang/HPDv2`: arrays of strings. Images are in the layout of `hpsv2.evaluate`,
/// `<style>/<index:05d>.jpg`.
public struct HPSv2Benchmark: Benchmark {
  /// The names of the four files.
  public static let styles = ["anime", "concept-art", "paintings", "photo"]

  public let name = "hpsv2"
  public let items: [BenchmarkItem]
  public let prompts: String

  /// - Parameters:
  ///   - folder: the folder of the four files.
  ///   - limit: the number of first prompts per style; a sample's noise does not depend on it.
  /// - Throws: `Failure` with the file, and the position in it that is not a string.
  public init(_ folder: String, limit: Int? = nil) throws {
    let prompts = try Self.styles.map { try Self.prompts("\(folder)/\($0).json") }
    var (items, first) = ([BenchmarkItem](), 0)
    for (style, ofStyle) in zip(Self.styles, prompts) {
      items += ofStyle.prefix(limit ?? ofStyle.count).enumerated().map { index, prompt in
        let path = "\(style)/\(String(format: "%05d", index)).jpg"
        return BenchmarkItem(path: path, prompt: prompt, samples: first + index..<first + index + 1)
      }
      first += ofStyle.count
    }
    self.items = items
    self.prompts = SHA256.hash(prompts.flatMap(\.self))
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
