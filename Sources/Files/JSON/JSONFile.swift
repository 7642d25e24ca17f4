import Foundation
import Tensors

/// A value in a JSON file that need not exist.
package enum JSONFile {
  /// nil if there is no file.
  ///
  /// - Throws: `Failure` with `expected` and `advice` if the file holds something else.
  package static func read<Value: Decodable>(_ path: String, expected: String, advice: String) throws -> Value? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    do { return try JSONDecoder.pretty.decode(Value.self, from: data) } catch {
      throw Failure(.malformed, at: path, expected: expected, got: "something else", advice: advice)
    }
  }

  /// Writes the file atomically; nil removes it.
  package static func write(_ value: (some Encodable)?, to path: String) throws {
    if let value { return try AtomicFile.write(JSONEncoder.pretty.encode(value), to: path) }
    guard FileManager.default.fileExists(atPath: path) else { return }
    do { try FileManager.default.removeItem(atPath: path) } catch {
      throw Failure(.io, at: path, "the file cannot be removed", advice: error.localizedDescription)
    }
  }
}
