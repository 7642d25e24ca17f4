import Tensors

/// The dtype that a pretrained network is kept and computed in, or that its tensors are stored in.
public enum Precision: String, CaseIterable, Sendable {
  case float32
  case bfloat16
  case float16

  /// nil for a dtype that networks are not kept in.
  public init?(_ dtype: DType) { self.init(rawValue: dtype.name) }

  public var dtype: DType {
    switch self {
    case .float32: .float32
    case .bfloat16: .bfloat16
    case .float16: .float16
    }
  }

  /// Why networks cannot compute in it on a device; nil if they can. libtorch has no convolutions in float16 on the CPU.
  public func absence(on device: Device) -> String? {
    self == .float16 && device == .cpu ? "float16 needs a GPU; on the CPU take bfloat16 or float32" : nil
  }

  /// - Throws: `Failure` if networks cannot compute in it on this device; `place` is the option or the key that names it.
  public func check(on device: Device, at place: String) throws {
    if let absence = absence(on: device) { throw Failure(.malformed, at: place, absence) }
  }
}
