import Foundation
import Tensors
import Testing

/// A case of measures.json, which Fixtures/make_measures.py wrote with NumPy and SciPy.
struct MeasureCase: Decodable, CustomTestStringConvertible {
  let name: String
  let dimension: Int
  private let real: [Double]
  private let generated: [Double]
  let frechetDistance: Double
  /// Precision by k.
  let precision: [String: Double]
  let recall: [String: Double]

  var testDescription: String { name }

  /// [n, d]
  func realFeatures() throws -> Tensor { try Tensor(real, shape: [real.count / dimension, dimension]) }
  func generatedFeatures() throws -> Tensor { try Tensor(generated, shape: [generated.count / dimension, dimension]) }

  static func all() throws -> [MeasureCase] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Fixtures/measures.json")
    return try JSONDecoder().decode([MeasureCase].self, from: Data(contentsOf: file))
  }
}
