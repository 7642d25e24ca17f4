import CTorch

/// An n-dimensional array of libtorch. It is a reference: views share memory, and all of them see in-place operators.
///
/// Not `Sendable`: a tensor and its graph belong to one thread at a time.
public final class Tensor {
  /// Never leaves this module: Swift may release `self` right after its last use, even before a C call that borrowed
  /// the handle has returned.
  let handle: ct_tensor_t

  init(owning handle: ct_tensor_t) { self.handle = handle }

  deinit { ct_release(handle) }

  public private(set) lazy var shape: [Int] = {
    var sizes = [Int64](repeating: 0, count: Int(ct_rank(handle)))
    ct_shape(handle, &sizes)
    return sizes.map(Int.init)
  }()

  public var rank: Int { shape.count }
  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }
  public var dtype: DType { DType(rawValue: ct_dtype(handle)) ?? .uint8 }

  public var device: Device {
    var type: Int32 = 0
    var index: Int32 = 0
    ct_device(handle, &type, &index)
    return Device(type: type, index: index)
  }

  /// "float32[64, 1, 28, 28]"
  public var summary: String { "\(dtype.name)\(shape)" }

  public func sharesMemory(with other: Tensor) -> Bool { ct_shares_storage(handle, other.handle) }
}

extension Tensor: CustomStringConvertible {
  public var description: String {
    guard count <= 16, let values = try? doubles() else { return summary }
    return "\(summary) \(values)"
  }
}
