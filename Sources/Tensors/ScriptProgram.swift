import CTorch

/// A TorchScript program from `torch.jit.save`: a network with its weights and its own forward.
///
/// It is code that runs: use only files from people whose programs you would run. Every call computes the same, since
/// the profiling optimizer of the first calls is off.
public final class ScriptProgram {
  private let handle: ct_script_t

  /// - Throws: `TensorError` with libtorch's message if the file is not such a program, or is one that this libtorch
  ///   cannot run. libtorch does not detect all damage: open files from elsewhere with `read`.
  public init(_ path: String, on device: Device = .cpu) throws {
    var out: ct_script_t?
    try check(ct_script_load(path, device.code.type, device.code.index, &out), "TorchScript")
    guard let out else { throw TensorError("TorchScript", "gave no program") }
    handle = out
  }

  deinit { ct_script_release(handle) }

  /// Calls a method that takes tensors and returns one. A submodule's method is given by its path: "layers.forward".
  ///
  /// - Throws: `TensorError` if there is no such method, it returns something else, or an operator in it fails.
  public func callAsFunction(_ inputs: Tensor..., method: String = "forward") throws -> Tensor {
    var out: ct_tensor_t?
    let status = withExtendedLifetime((self, inputs)) {
      ct_script_call(handle, method, inputs.map(\.handle), inputs.count, &out)
    }
    try check(status, "TorchScript: \(method)", inputs.map(\.summary))
    return Tensor(owning: try defined(out, "TorchScript: \(method)"))
  }

  /// Parameters and buffers, by the program's names: "layers.conv.weight".
  public var tensors: [(name: String, value: Tensor)] {
    withExtendedLifetime(self) {
      (0..<ct_script_tensor_count(handle)).compactMap { index in
        var out: ct_tensor_t?
        let name = String(cString: ct_script_tensor(handle, index, &out))
        return out.map { (name, Tensor(owning: $0)) }
      }
    }
  }
}
