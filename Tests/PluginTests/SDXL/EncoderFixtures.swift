import Foundation
import Tensors
import TestSupport

@testable import Files

/// diffusers' output, see Fixtures/make_*.py.
enum EncoderFixtures {
  static let folder = "\(Repository.tests)/PluginTests/SDXL/Fixtures"

  /// The lines of a gzip file.
  static func lines(_ name: String) throws -> [String] {
    String(decoding: try unzipped("\(folder)/\(name)"), as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// The largest difference, divided by b's largest element if that is above 1.
  static func difference(_ a: Tensor?, _ b: Tensor) throws -> Double {
    guard let a, a.shape == b.shape else { return .infinity }
    let largest = try abs(b).doubles().max() ?? 0
    return try (abs(a.detached() - b).doubles().max() ?? 0) / max(1, largest)
  }
}
