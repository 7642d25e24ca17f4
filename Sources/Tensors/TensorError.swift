import CTorch

/// An error inside libtorch, with the operator and its arguments.
public struct TensorError: ExitCoded, CustomStringConvertible {
  /// The operator ("aten::mm") or the call ("backward").
  public let operation: String
  /// ATen's own message, or ours.
  public let reason: String
  /// Shapes and dtypes of the tensors that were passed, in order.
  public let arguments: [String]

  public init(_ operation: String, _ reason: String, arguments: [String] = []) {
    self.operation = operation
    self.reason = reason
    self.arguments = arguments
  }

  /// Whether there was not enough memory, on the host or on a GPU.
  public var isOutOfMemory: Bool {
    ["out of memory", "can't allocate memory", "not enough memory"].contains { reason.contains($0) }
  }

  public var exitCode: Int32 { Failure.Kind.software.rawValue }

  public var description: String {
    let given = arguments.isEmpty ? "" : " on \(arguments.joined(separator: ", "))"
    return "\(operation)\(given): \(reason)"
  }
}

/// Turns a status of the C interface into an error. Only this function reads `ct_error`.
func check(_ status: Int32, _ operation: String, _ arguments: @autoclosure () -> [String] = []) throws {
  guard status != 0 else { return }
  // ATen appends its C++ stack frames on some paths; the first paragraph is for people.
  let message = String(cString: ct_error())
  let reason = message.split(separator: "\nException raised from", maxSplits: 1).first.map(String.init) ?? message
  throw TensorError(operation, reason, arguments: arguments())
}
