import Foundation
import Tensors
import TestSupport

/// Reads a file in Fixtures that Python wrote.
func fixture<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
  let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)")
  let decoder = JSONDecoder()
  decoder.nonConformingFloatDecodingStrategy = .convertFromString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  return try decoder.decode(type, from: Data(contentsOf: file))
}

/// A tensor as Python recorded it.
struct RecordedTensor: Decodable, Sendable {
  let dtype: String
  let shape: [Int]
  let values: [Double]

  func tensor() throws -> Tensor {
    guard let dtype = DType(name: dtype) else { throw TensorError("fixture", "unknown dtype \(dtype)") }
    return try Tensor(values, shape: shape).to(dtype)
  }
}

struct RecordedCase: Decodable, Sendable {
  let inputs: [RecordedTensor]
  let outputs: [RecordedTensor]
}

/// Whether two numbers agree; NaN agrees with NaN, and infinities with themselves.
func agree(_ a: Double, _ b: Double, absolute: Double = 2e-6, relative: Double = 1e-5) -> Bool {
  if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
  return a == b || Swift.abs(a - b) <= absolute + relative * Swift.abs(b)
}

func agree(_ a: Tensor, _ b: Tensor, absolute: Double = 2e-6, relative: Double = 1e-5) throws -> Bool {
  let (left, right) = (try a.doubles(), try b.doubles())
  return a.shape == b.shape && zip(left, right).allSatisfy { agree($0, $1, absolute: absolute, relative: relative) }
}
