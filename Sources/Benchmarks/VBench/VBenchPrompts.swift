import Files
import Foundation
import Tensors

/// A prompt of VBench, with the dimensions that its videos are judged by.
public struct VBenchPrompt: Equatable, Sendable {
  /// The text that files are named after.
  public var text: String
  /// The dimensions that score its videos.
  public var dimensions: [VBenchDimension]
  /// The text that videos are compared with for `appearanceStyle`; nil for other prompts.
  public var style: String?

  /// "a cat-3.mp4"
  public func fileName(_ number: Int) -> String { "\(text)-\(number).mp4" }
}

/// VBench's list of prompts, VBench_full_info.json in its package.
public struct VBenchPrompts: Sendable {
  /// The path of the list.
  public let path: String
  /// Prompts in the file's order. A prompt may occur twice, with different dimensions.
  public let all: [VBenchPrompt]
  /// The prompts for the model, by the prompts that files are named after.
  private let augmented: [String: String]

  /// - Parameters:
  ///   - path: a JSON list of {"prompt_en", "dimension", "auxiliary_info"}.
  ///   - augmented: a longer prompt for each entry, one per line in the same order, such as VBench's
  ///     all_dimension_aug_wanx_seed42.txt. If an entry occurs twice, the first is used.
  /// - Throws: `Failure` naming the entry, counted from 0, and its field.
  public init(_ path: String, augmented lines: String? = nil) throws {
    guard case .array(let entries) = try JSONValue.read(path), !entries.isEmpty else {
      throw Failure(.malformed, at: path, expected: "a JSON list of prompts", got: "other JSON, or none of them")
    }
    let all = try entries.enumerated().map { index, entry in try VBenchPrompt(entry, at: "\(path): [\(index)]") }
    (self.path, self.all) = (path, all)
    guard let lines else {
      augmented = [:]
      return
    }
    let texts = try Self.lines(lines)
    guard texts.count == all.count else {
      throw Failure(
        .malformed, at: lines, expected: "\(all.count) lines, one for each entry of \(path)", got: "\(texts.count)")
    }
    augmented = Dictionary(zip(all.map(\.text), texts), uniquingKeysWith: { first, _ in first })
  }

  /// The prompt for the model.
  public func modelPrompt(of prompt: VBenchPrompt) -> String { augmented[prompt.text] ?? prompt.text }

  /// SHA-256 of all prompts and of the model's prompts, whichever of them are generated.
  var hash: String { SHA256.hash(all.flatMap { [$0.text, modelPrompt(of: $0)] }) }

  /// The prompts of one dimension, in the file's order.
  public func prompts(of dimension: VBenchDimension) -> [VBenchPrompt] {
    all.filter { $0.dimensions.contains(dimension) }
  }

  /// The lines of a file. None may be empty: a line's number identifies its entry.
  private static func lines(_ path: String) throws -> [String] {
    try TextFile(path).lines.enumerated().map { index, line in
      guard line.number == index + 1 else {
        throw Failure(.malformed, at: "\(path):\(index + 1)", "the line is empty")
      }
      return line.text.trimmingCharacters(in: .whitespaces)
    }
  }
}

extension VBenchPrompt {
  /// The longest file name that file systems allow, in bytes.
  private static let longestName = 255

  fileprivate init(_ entry: JSONValue, at place: String) throws {
    func wrong(_ field: String, _ expected: String, _ got: JSONValue?) -> Failure {
      Failure(.malformed, at: "\(place).\(field)", expected: expected, got: got?.description ?? "nothing")
    }
    guard let text = entry["prompt_en"]?.string, !text.isEmpty else {
      throw wrong("prompt_en", "a text that is not empty", entry["prompt_en"])
    }
    guard case .array(let names)? = entry["dimension"], !names.isEmpty else {
      throw wrong("dimension", "a list of dimensions", entry["dimension"])
    }
    let dimensions = try names.map { name in
      guard let dimension = name.string.flatMap(VBenchDimension.init) else {
        throw wrong(
          "dimension", "names such as \(VBenchDimension.color.rawValue) and \(VBenchDimension.scene.rawValue)", name)
      }
      return dimension
    }
    let field = "appearance_style"
    let style = entry["auxiliary_info"]?[field]?[field]
    if dimensions.contains(.appearanceStyle), style?.string?.isEmpty != false {
      throw wrong("auxiliary_info.\(field).\(field)", "the style's text", style)
    }
    self.init(text: text, dimensions: dimensions, style: style?.string)
    let longest = fileName(99).utf8.count
    guard !text.contains("/"), !text.contains("\0"), longest <= Self.longestName else {
      throw wrong("prompt_en", "a text that can be a file's name, of \(Self.longestName) bytes at most", .string(text))
    }
  }
}
