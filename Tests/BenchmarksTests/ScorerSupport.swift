import Foundation
import Tensors
import TestSupport

@testable import Files

/// Helpers to compare benchmarks with their official scorers.
enum ScorerFixture {
  static let folder = "\(Repository.tests)/BenchmarksTests/Fixtures"

  /// The content of a gzip file. Its last four bytes give the decompressed size.
  static func unzipped(_ name: String) throws -> String {
    let path = "\(folder)/\(name)"
    let size = try Data(contentsOf: URL(fileURLWithPath: path)).suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    return String(decoding: try GzipFile(path).read(size, name), as: UTF8.self)
  }
}
