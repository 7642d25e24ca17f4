import Foundation
import Storage
import Tensors
import Testing

/// Of all suites, and the CLIP models' of their own tests.
let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures"
let clipFixtures =
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/CLIPTests/Fixtures"

/// A folder for one test, removed with the object.
final class Scratch {
  let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "fewstep-suites-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String { try write(Data(text.utf8), to: name) }

  @discardableResult
  func write(_ data: Data, to name: String) throws -> String {
    try data.write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }
}

/// What is thrown, in words; empty where nothing is.
func words(_ body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return ""
}

func largestDifference(_ a: Tensor, _ b: Tensor) throws -> Double {
  guard a.shape == b.shape else { return .infinity }
  return try abs(a - b).doubles().max() ?? 0
}
