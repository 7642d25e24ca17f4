import Files
import Foundation
import Tensors

/// Prompts in a file, one per line. In a file that ends in .jsonl or .json each line is a JSON object or string.
public enum PromptFile {
  /// The keys of a JSON object that may hold its prompt; the first that exists wins.
  static let keys = ["prompt", "caption", "text"]

  /// Leaves out empty lines and keeps the file's order.
  ///
  /// - Throws: `Failure` naming the line that holds no prompt, or if the file has none.
  public static func read(_ path: String) throws -> [String] {
    let bytes = try bytes(path)
    guard !bytes.isEmpty else { throw Failure(.malformed, at: path, "the file is empty; it holds no prompts") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(.malformed, at: path, expected: "a text in UTF-8", got: "other bytes")
    }
    let isJSON = path.hasSuffix(".jsonl") || path.hasSuffix(".json")
    let prompts = try text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().compactMap
    {
      index, line -> String? in
      let line = line.trimmingCharacters(in: .whitespaces)
      guard !line.isEmpty else { return nil }
      let place = "\(path):\(index + 1)"
      return isJSON ? try prompt(in: line, at: place) : try checked(line, at: place)
    }
    guard !prompts.isEmpty else { throw Failure(.malformed, at: path, "the file holds no prompts") }
    return prompts
  }

  /// All of a file, which may be a pipe.
  private static func bytes(_ path: String) throws -> Data {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw Failure(.missing, at: path, "there is no such file", expected: "prompts, one a line")
    }
    if isFolder.boolValue {
      throw Failure(.malformed, at: path, expected: "a file of prompts, one a line", got: "a folder")
    }
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw Failure(.io, at: path, "the file may not be read")
    }
    do { return try file.readToEnd() ?? Data() } catch {
      throw Failure(.io, at: path, "the file cannot be read: \(error.localizedDescription)")
    }
  }

  static func prompt(in line: String, at place: String) throws -> String {
    let value = try? JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
    if let text = value?.string ?? keys.lazy.compactMap({ value?[$0]?.string }).first {
      return try checked(text, at: place)
    }
    throw Failure(
      .malformed, at: place, expected: "a JSON text, or an object with \(keys.joined(separator: ", "))",
      got: String(line.prefix(60)))
  }

  /// Refuses a prompt that cannot be stored: HDF5's strings end with a zero.
  static func checked(_ text: String, at place: String) throws -> String {
    guard !text.utf8.contains(0) else {
      throw Failure(.malformed, at: place, expected: "a text", got: "one with a zero character (NUL) in it")
    }
    return text
  }
}
