import Foundation
import Tensors

@testable import Files

let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures"

/// A folder for one test, removed with the object.
final class Scratch {
  let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "fewstep-clip-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func write(_ content: some CustomStringConvertible, to name: String) throws {
    try Data(content.description.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }

  /// What is thrown, in words; empty where nothing is.
  static func words(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return ""
  }
}

/// The whole content of a gzip file, whose last four bytes say how much that is.
func unzipped(_ name: String) throws -> Data {
  let path = "\(fixtures)/\(name)"
  let size = try Data(contentsOf: URL(fileURLWithPath: path)).suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
  return Data(try GzipFile(path).read(size, name))
}

func largestDifference(_ a: Tensor, _ b: Tensor) throws -> Double {
  guard a.shape == b.shape else { return .infinity }
  return try abs(a - b).doubles().max() ?? 0
}
