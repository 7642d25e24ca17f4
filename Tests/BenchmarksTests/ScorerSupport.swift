import Foundation
import Tensors
import TestSupport

@testable import Files

/// Helpers to compare benchmarks with their official scorers.
enum ScorerFixture {
  static let folder = "\(Repository.tests)/BenchmarksTests/Fixtures"

  static func text(_ name: String) throws -> String {
    String(decoding: try unzipped("\(folder)/\(name)"), as: UTF8.self)
  }
}
