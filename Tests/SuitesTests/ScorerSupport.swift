import Foundation
import Tensors

@testable import Storage

/// What is needed to test suites beside their official scorers.
enum ScorerFixture {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures"

  /// The content of a gzip file, whose last four bytes say how much that is.
  static func unzipped(_ name: String) throws -> String {
    let path = "\(folder)/\(name)"
    let size = try Data(contentsOf: URL(fileURLWithPath: path)).suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    return String(decoding: try GzipFile(path).read(size, name), as: UTF8.self)
  }

  /// What is thrown, in words; empty where nothing is.
  static func words(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return ""
  }
}

/// A folder for one test, removed with the object.
final class TestFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "fewstep-suites-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    return "\(path)/\(name)"
  }

  func text(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }
}
