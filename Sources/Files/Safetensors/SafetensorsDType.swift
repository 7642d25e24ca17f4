import Tensors

/// safetensors' names of element types.
enum SafetensorsDType {
  static func name(_ dtype: DType) -> String {
    switch dtype {
    case .float64: "F64"
    case .float32: "F32"
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .int64: "I64"
    case .int32: "I32"
    case .int16: "I16"
    case .int8: "I8"
    case .uint8: "U8"
    case .bool: "BOOL"
    }
  }

  static func dtype(_ name: String) -> DType? { DType.allCases.first { Self.name($0) == name } }
}
