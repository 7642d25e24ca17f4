import CTorch

/// A TorchScript program: a network with its weights that brings its own forward, as `torch.jit.save` writes it.
///
/// It is run, not only read: take it from people whom you would take a program from. Every call computes the same, as
/// nothing is optimised while the first calls run.
public final class ScriptProgram {
  private let handle: ct_script_t

  /// - Throws: `TensorError` with libtorch's message if the file is no such program, or one that this libtorch cannot
  ///   run. libtorch does not notice each damage: files from elsewhere are opened with `read`.
  public init(_ path: String, on device: Device = .cpu) throws {
    var out: ct_script_t?
    try check(ct_script_load(path, device.code.type, device.code.index, &out), "TorchScript")
    guard let out else { throw TensorError("TorchScript", "gave no program") }
    handle = out
  }

  deinit { ct_script_release(handle) }

  /// Calls a method that takes tensors and returns one; that of a part by its path: "layers.forward".
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
