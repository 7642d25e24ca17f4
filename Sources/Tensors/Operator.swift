import CTorch

/// An operator's argument. `nil` tensors and `.none` mean "not given".
public enum OperatorArgument {
  case tensor(Tensor?)
  case tensors([Tensor])
  /// For `aten::index`: nil keeps the whole dimension.
  case optionalTensors([Tensor?])
  case double(Double)
  case doubles([Double])
  case int(Int)
  case ints([Int])
  case bool(Bool)
  case string(String)
  case device(Device)
  case dtype(DType)
  case none
}

/// An ATen operator, found by its schema's name and overload: `Operator("aten::add", "Tensor")`.
///
/// All of ATen can be called this way, in any version of libtorch, and from a plugin too. Trailing arguments that are
/// not given take the schema's defaults.
public struct Operator: @unchecked Sendable {  // the pointer is into libtorch's table, which never changes
  public let name: String
  public let overload: String
  private let found: ct_op_t?

  public init(_ name: String, _ overload: String = "") {
    self.name = name
    self.overload = overload
    found = ct_find(name, overload)
  }

  /// Whether this libtorch has the operator.
  public var exists: Bool { found != nil }

  /// Calls the operator and returns its only tensor.
  ///
  /// - Throws: `TensorError` with ATen's message, the operator and the arguments' shapes.
  public func callAsFunction(_ arguments: OperatorArgument...) throws -> Tensor {
    var results = try call(arguments)
    guard results.count == 1, case .tensor(let tensor) = results.removeFirst() else {
      throw TensorError(name, "does not return one tensor")
    }
    return tensor
  }

  /// Calls the operator and returns its tensors, in order.
  public func many(_ arguments: OperatorArgument...) throws -> [Tensor] {
    try call(arguments).flatMap {
      switch $0 {
      case .tensor(let tensor): [tensor]
      case .tensors(let tensors): tensors
      default: [Tensor]()
      }
    }
  }

  /// Calls the operator. Handles are passed to C only here.
  @discardableResult
  public func call(_ arguments: [OperatorArgument]) throws -> [Result] {
    guard let found else {
      throw TensorError("\(name).\(overload)", "libtorch \(Runtime.version) has no such operator")
    }
    try checkInterruption()
    if FakeTensorMode.isOn { try FakeTensorMode.requireOneDevice(name, arguments) }
    let arguments = FakeTensorMode.isOn ? try FakeTensorMode.cast(name, arguments) : arguments
    return try withExtendedLifetime(arguments) {
      try withValues(arguments) { values in
        try withUnsafeTemporaryAllocation(of: ct_value.self, capacity: 8) { results in
          results.initialize(repeating: ct_value())
          var count = results.count
          try check(
            ct_call(found, values.baseAddress, values.count, results.baseAddress!, &count), name,
            arguments.flatMap(\.summaries))
          return results[..<count].map(Result.init)
        }
      }
    }
  }
}

extension Operator {
  /// An operator's result.
  public enum Result {
    case tensor(Tensor)
    case tensors([Tensor])
    case double(Double)
    case int(Int)
    case bool(Bool)
    case none
  }
}

extension Operator.Result {
  /// Takes ownership of the C value's contents.
  fileprivate init(_ value: ct_value) {
    switch ct_tag(UInt32(value.tag)) {
    case CT_TENSOR: self = value.tensor.map { .tensor(Tensor(owning: $0)) } ?? .none
    case CT_TENSORS:
      let handles = UnsafeBufferPointer(start: value.tensors, count: Int(value.count))
      self = .tensors(handles.compactMap { $0.map(Tensor.init(owning:)) })
      ct_free_list(value.tensors)
    case CT_DOUBLE: self = .double(value.number)
    case CT_INT: self = .int(Int(value.integer))
    case CT_BOOL: self = .bool(value.integer != 0)
    default: self = .none
    }
  }
}

extension OperatorArgument {
  var allTensors: [Tensor] {
    switch self {
    case .tensor(let tensor): tensor.map { [$0] } ?? []
    case .tensors(let tensors): tensors
    case .optionalTensors(let tensors): tensors.compactMap { $0 }
    default: []
    }
  }

  fileprivate var summaries: [String] {
    switch self {
    case .tensor(let tensor): tensor.map { [$0.summary] } ?? []
    case .tensors(let tensors): ["\(tensors.count) tensors"] + (tensors.first.map { ["first \($0.summary)"] } ?? [])
    case .optionalTensors(let tensors): tensors.compactMap { $0?.summary }
    default: []
    }
  }

  /// The bytes that this argument's list takes in the scratch memory of a call.
  fileprivate var scratch: Int {
    switch self {
    case .tensors(let list): list.count * 8
    case .optionalTensors(let list): list.count * 8
    case .doubles(let list): list.count * 8
    case .ints(let list): list.count * 8
    case .string(let text): (text.utf8.count + 8) & ~7
    default: 0
    }
  }
}

/// Converts the arguments to C values, with their lists in one block of scratch memory.
private func withValues<R>(
  _ arguments: [OperatorArgument], _ body: (UnsafeMutableBufferPointer<ct_value>) throws -> R
) throws -> R {
  let bytes = arguments.reduce(0) { $0 + $1.scratch }
  return try withUnsafeTemporaryAllocation(of: ct_value.self, capacity: max(arguments.count, 1)) { values in
    try withUnsafeTemporaryAllocation(byteCount: max(bytes, 8), alignment: 8) { scratch in
      var free = scratch.baseAddress!
      func place<Element>(_ list: some Collection<Element>) -> UnsafeMutablePointer<Element> {
        let start = free.bindMemory(to: Element.self, capacity: list.count)
        _ = UnsafeMutableBufferPointer(start: start, count: list.count).initialize(from: list)
        free += (list.count * MemoryLayout<Element>.stride + 7) & ~7
        return start
      }
      for (index, argument) in arguments.enumerated() {
        var value = ct_value()
        switch argument {
        case .none: value.tag = Int32(CT_NONE.rawValue)
        case .tensor(let tensor):
          value.tag = Int32(tensor == nil ? CT_NONE.rawValue : CT_TENSOR.rawValue)
          value.tensor = tensor?.handle
        case .tensors(let list):
          value.tag = Int32(CT_TENSORS.rawValue)
          value.count = Int64(list.count)
          value.tensors = place(list.map { Optional($0.handle) })
        case .optionalTensors(let list):
          value.tag = Int32(CT_TENSORS.rawValue)
          value.count = Int64(list.count)
          value.tensors = place(list.map { $0?.handle })
        case .double(let number):
          value.tag = Int32(CT_DOUBLE.rawValue)
          value.number = number
        case .doubles(let list):
          value.tag = Int32(CT_DOUBLES.rawValue)
          value.count = Int64(list.count)
          value.numbers = UnsafePointer(place(list))
        case .int(let integer):
          value.tag = Int32(CT_INT.rawValue)
          value.integer = Int64(integer)
        case .ints(let list):
          value.tag = Int32(CT_INTS.rawValue)
          value.count = Int64(list.count)
          value.integers = UnsafePointer(place(list.map(Int64.init)))
        case .bool(let flag):
          value.tag = Int32(CT_BOOL.rawValue)
          value.integer = flag ? 1 : 0
        case .string(let text):
          value.tag = Int32(CT_STRING.rawValue)
          value.string = UnsafePointer(place(text.utf8CString))
        case .device(let device):
          value.tag = Int32(CT_DEVICE.rawValue)
          value.integer = Int64(device.code.type)
          value.count = Int64(device.code.index)
        case .dtype(let dtype):
          value.tag = Int32(CT_INT.rawValue)
          value.integer = Int64(dtype.rawValue)
        }
        values[index] = value
      }
      return try body(UnsafeMutableBufferPointer(rebasing: values[..<arguments.count]))
    }
  }
}
