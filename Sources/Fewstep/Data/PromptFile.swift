import Foundation
import Storage

/// Prompts in a file: one a line, or, in a file that ends in .jsonl or .json, one JSON object or text a line.
public enum PromptFile {
  /// The names under which a JSON object may hold its prompt, the first that is there.
  static let keys = ["prompt", "caption", "text"]

  /// Empty lines are left out; the order is the file's.
  ///
  /// - Throws: `StorageError` with the line that holds no prompt, or where there is none at all.
  public static func read(_ path: String) throws -> [String] {
    let text: String
    do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
      guard FileManager.default.fileExists(atPath: path) else {
        throw StorageError(.missing, at: path, "there is no such file", expected: "prompts, one a line")
      }
      throw StorageError(.malformed, at: path, expected: "a text in UTF-8", got: "other bytes")
    }
    let isJSON = path.hasSuffix(".jsonl") || path.hasSuffix(".json")
    let prompts = try text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().compactMap
    {
      index, line -> String? in
      let line = line.trimmingCharacters(in: .whitespaces)
      guard !line.isEmpty else { return nil }
      return isJSON ? try prompt(in: line, at: "\(path):\(index + 1)") : line
    }
    guard !prompts.isEmpty else { throw StorageError(.malformed, at: path, "the file holds no prompts") }
    return prompts
  }

  static func prompt(in line: String, at place: String) throws -> String {
    let value = try? JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
    if let text = value?.string ?? keys.lazy.compactMap({ value?[$0]?.string }).first { return text }
    throw StorageError(
      .malformed, at: place, expected: "a JSON text, or an object with \(keys.joined(separator: ", "))",
      got: String(line.prefix(60)))
  }
}
