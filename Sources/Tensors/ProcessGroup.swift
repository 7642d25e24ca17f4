import CTorch

private let allReduce = Operator("_c10d_functional::all_reduce_")
private let allGather = Operator("_c10d_functional::all_gather_into_tensor")
private let reduceScatter = Operator("_c10d_functional::reduce_scatter_tensor")
private let broadcastFrom = Operator("_c10d_functional::broadcast")
private let waitFor = Operator("_c10d_functional::wait_tensor")

/// Processes that exchange tensors, by libtorch's c10d: Gloo for tensors on the CPU, NCCL for CUDA's.
///
/// All processes make the same calls in the same order. A call returns at once, and the tensors travel until its result is
/// waited for.
public final class ProcessGroup {
  /// Whether this build has process groups: they need libtorch 2.4 or later, and Gloo's headers.
  public static var isAvailable: Bool { ct_has_process_groups() }
  /// What is missing, and what to do; nil if they are there.
  public static var absence: (problem: String, advice: String)? {
    guard !isAvailable else { return nil }
    let version = Runtime.version.split(separator: ".").prefix(2).compactMap { Int($0) }
    if version.lexicographicallyPrecedes([2, 4]) {
      return (
        "they need libtorch 2.4 or later, and this is \(Runtime.version)",
        "Build with another: make build LIBTORCH=... (`make torch` fetches one); or start one process."
      )
    }
    return (
      "this build had none of Gloo's headers", "Install libgloo-dev and build again; or start one process."
    )
  }
  /// Whether this build has NCCL, for CUDA devices.
  public static var hasNCCL: Bool { ct_has_nccl() }

  private let name: String
  private let count: Int
  private let handle: ct_group_t

  /// - Parameters:
  ///   - isLocal: whether all processes are on this machine.
  ///   - device: where the tensors are.
  ///   - timeout: seconds after which a call that others have not made fails.
  /// - Throws: `TensorError` if the processes do not find each other.
  public init(
    named name: String, in store: ProcessStore, rank: Int, count: Int, isLocal: Bool, on device: Device, timeout: Double
  ) throws {
    (self.name, self.count) = (name, count)
    let onCUDA = if case .cuda = device { true } else { false }
    var out: ct_group_t?
    try store.withHandle {
      let milliseconds = Int64(timeout * 1000)
      try check(
        ct_group_open($0, name, Int32(rank), Int32(count), isLocal, onCUDA, milliseconds, &out), "process group")
    }
    handle = out!
  }

  deinit { ct_group_close(handle) }

  /// Starts the sum of the processes' tensors, which have one shape, in their memory.
  public func sum(_ tensor: Tensor) throws -> PendingTensor {
    try pending(allReduce(.tensor(tensor.contiguous()), .string("sum"), .string(name)))
  }

  /// Starts to collect the processes' tensors [n, ...] as [count · n, ...].
  public func gather(_ piece: Tensor) throws -> PendingTensor {
    try pending(allGather(.tensor(piece.contiguous()), .int(count), .string(name)))
  }

  /// Starts the sum of the processes' tensors [count · n, ...]; each gets its rows [n, ...].
  public func scatterSum(_ whole: Tensor) throws -> PendingTensor {
    try pending(reduceScatter(.tensor(whole.contiguous()), .string("sum"), .int(count), .string(name)))
  }

  /// Starts to copy one process's tensor to all.
  public func broadcast(_ tensor: Tensor, from rank: Int) throws -> PendingTensor {
    try pending(broadcastFrom(.tensor(tensor.contiguous()), .int(rank), .string(name)))
  }

  private func pending(_ result: Tensor) -> PendingTensor { PendingTensor { try waitFor(.tensor(result)) } }
}

/// A tensor that other processes still work on.
public struct PendingTensor {
  private let finish: () throws -> Tensor

  public init(_ finish: @escaping () throws -> Tensor) { self.finish = finish }

  /// Waits until it is there.
  public func wait() throws -> Tensor { try finish() }
}
