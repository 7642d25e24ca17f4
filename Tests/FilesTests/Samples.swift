import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// Small numbers that every dtype can hold, the first one negative if the dtype is signed.
func sample(_ dtype: DType, _ shape: [Int]) throws -> Tensor {
  let isSigned = dtype != .uint8 && dtype != .bool
  let values = (0..<shape.reduce(1, *)).map { Double($0 % 100) - (isSigned ? 2 : 0) }
  return try Tensor(values, shape: shape).to(dtype)
}
