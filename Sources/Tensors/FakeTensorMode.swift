import CTorch
import Synchronization

/// Work on the meta device, where tensors have shapes and no values, as it would be on another device: what PyTorch's
/// FakeTensorMode does.
public struct FakeTensorMode: Sendable {
  /// The device that the work is meant for: operators differ in what they keep.
  public let device: Device

  /// The dtype that `autocast` casts to; nil outside it.
  private var castTo: DType?
  private let reads = Reads()

  private final class Reads: Sendable {
    let count = Atomic<Int>(0)
  }

  @TaskLocal static var current: FakeTensorMode?
  static var isOn: Bool { current != nil }

  /// How often values of meta tensors were read so far: as often a GPU would be waited for. 0 outside a rehearsal.
  public static var readCount: Int { current?.reads.count.load(ordering: .relaxed) ?? 0 }

  /// Counts a value that is read.
  ///
  /// - Returns: whether this is a rehearsal.
  static func reads(_ tensor: Tensor) -> Bool {
    guard let current, tensor.device == .meta else { return false }
    current.reads.count.wrappingAdd(1, ordering: .relaxed)
    return true
  }

  /// Runs `body`, in which values that are read from meta tensors are ones. Elsewhere reading them is an error. Synchronous
  /// only.
  public static func run<R>(for device: Device, _ body: () throws -> R) rethrows -> R {
    try $current.withValue(FakeTensorMode(device: device)) { try body() }
  }

  private init(device: Device) { self.device = device }

  // MARK: Autocast, which libtorch does not do to meta tensors

  static var autocastDType: DType? { current?.castTo }

  static func autocast<R>(_ dtype: DType?, _ body: () throws -> R) rethrows -> R {
    var inner = current
    inner?.castTo = dtype
    return try $current.withValue(inner) { try body() }
  }

  /// A body that runs again in a backward pass as it does now: with the same autocast.
  static func keeping(_ body: @escaping ([Tensor]) throws -> Tensor) -> ([Tensor]) throws -> Tensor {
    guard let current else { return body }
    return { inputs in try $current.withValue(current) { try body(inputs) } }
  }

  /// The operators whose arguments autocast casts to the smaller dtype.
  private static let products: Set = [
    "aten::conv1d", "aten::conv2d", "aten::conv3d", "aten::linear", "aten::matmul", "aten::mm", "aten::bmm",
    "aten::addmm", "aten::baddbmm",
  ]
  /// Those that it casts to float32, on GPUs only.
  private static let precise: Set = [
    "aten::layer_norm", "aten::group_norm", "aten::softmax", "aten::log_softmax", "aten::mse_loss", "aten::norm",
  ]

  /// An operator's arguments as autocast would pass them on.
  static func cast(_ name: String, _ arguments: [OperatorArgument]) throws -> [OperatorArgument] {
    guard let current, let dtype = current.castTo else { return arguments }
    let target: DType
    if products.contains(name) {
      target = dtype
    } else if precise.contains(name), current.device != .cpu {
      target = .float32
    } else {
      return arguments
    }
    return try arguments.map { argument in
      guard case .tensor(let tensor?) = argument, tensor.device == .meta, tensor.dtype.isFloatingPoint else {
        return argument
      }
      return .tensor(try tensor.to(target))
    }
  }

  // MARK: Devices

  /// The operators that take tensors of several devices on a GPU too.
  private static let mixing: Set = [
    "aten::copy_", "aten::to", "aten::_to_copy", "aten::index", "aten::index_put_", "aten::index_put",
  ]

  /// Meta kernels accept some tensors in the host's memory beside their own; a GPU's do not.
  ///
  /// - Throws: `TensorError` if the arguments would be on the device and in the host's memory.
  static func requireOneDevice(_ name: String, _ arguments: [OperatorArgument]) throws {
    guard let current, current.device != .cpu, !mixing.contains(name) else { return }
    let tensors = arguments.flatMap(\.allTensors)
    // A number in the host's memory is welcome anywhere.
    guard tensors.contains(where: { $0.device == .meta }),
      let here = tensors.first(where: { $0.device == .cpu && $0.rank > 0 })
    else { return }
    throw TensorError(
      name, "one tensor would be on \(current.device), and another is in the host's memory: \(here.summary)",
      arguments: tensors.map(\.summary))
  }

  // MARK: Attention

  /// A fused attention's result, which keeps no attention weights; nil if the device has no fused attention.
  static func attention(_ q: Tensor, _ k: Tensor, _ v: Tensor) throws -> Tensor? {
    guard let current, current.device != .cpu || Operator.hasFusedAttention else { return nil }
    let dtype = current.castTo ?? q.dtype
    let (q, k, v) = (try q.to(dtype), try k.to(dtype), try v.to(dtype))
    var out: ct_tensor_t?
    try check(
      withExtendedLifetime((q, k, v)) { ct_fused_attention_shape(q.handle, k.handle, v.handle, &out) }, "attention")
    return Tensor(owning: try defined(out, "attention"))
  }
}
