import Tensors

/// A storage in the archive, which holds tensors' numbers.
struct TorchStorage {
  let key: String
  /// nil if the tensor defines it.
  let dtype: DType?
  /// The number of elements, or of bytes if there is no dtype.
  let count: Int
}

/// A tensor as its pickle describes it: a view of a storage. It has not been checked against the storage yet.
struct TorchTensor {
  let storage: TorchStorage
  let dtype: DType
  /// The offset in elements; the strides too.
  let offset: Int
  let shape: [Int]
  let strides: [Int]
}

/// The Python objects that files of tensors consist of. All others are refused by name; nothing is executed.
enum TorchPickle {
  enum Result {
    case value(PickleValue)
    case container(PickleContainer)
  }

  private static let functions: Set<String> = [
    "collections OrderedDict", "torch Size", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor_v3",
    "torch._utils _rebuild_parameter",
  ]
  private static let storages: [String: DType] = [
    "torch DoubleStorage": .float64, "torch FloatStorage": .float32, "torch HalfStorage": .float16,
    "torch BFloat16Storage": .bfloat16, "torch LongStorage": .int64, "torch IntStorage": .int32,
    "torch ShortStorage": .int16, "torch CharStorage": .int8, "torch ByteStorage": .uint8, "torch BoolStorage": .bool,
  ]
  private static let untyped = "torch.storage UntypedStorage"

  /// The name, if it is one that tensors need.
  static func checked(_ name: String, _ place: String) throws -> String {
    if functions.contains(name) || storages[name] != nil || name == untyped || dtype(name) != nil { return name }
    let dotted = name.split(separator: " ").joined(separator: ".")
    throw Failure(
      .malformed, at: place,
      "the file contains '\(dotted)', which is no tensor; nothing but tensors is read, and nothing is run",
      advice: "If you trust the file, save its tensors alone in Python: torch.save(model.state_dict(), path).")
  }

  private static func dtype(_ name: String) -> DType? {
    name.hasPrefix("torch ") ? DType(name: String(name.dropFirst(6))) : nil
  }

  /// ("storage", class, key, location, elements). The location, such as "cuda:0", is the device that the tensor was on.
  static func storage(_ values: [PickleValue], _ place: String) throws -> TorchStorage {
    guard values.count == 5, case .string("storage") = values[0], case .global(let name) = values[1],
      case .string(let key) = values[2], case .integer(let count) = values[4], count >= 0,
      name == untyped || storages[name] != nil
    else { throw wrong("the description of a storage", place) }
    return TorchStorage(key: key, dtype: storages[name], count: count)
  }

  /// The result of a call.
  ///
  /// - Parameter items: the elements of a tuple.
  static func call(
    _ name: String, _ arguments: [PickleValue], items: (PickleValue) throws -> [PickleValue], _ place: String
  ) throws -> Result {
    switch name {
    case "collections OrderedDict" where arguments.isEmpty: return .container(.dictionary([]))
    case "torch Size" where arguments.count == 1: return .container(.tuple(try items(arguments[0])))
    case "torch._utils _rebuild_parameter" where !arguments.isEmpty:
      guard case .tensor = arguments[0] else { break }
      return .value(arguments[0])
    case "torch._utils _rebuild_tensor_v2" where arguments.count >= 4:
      return .value(.tensor(try tensor(arguments, nil, items, place)))
    case "torch._utils _rebuild_tensor_v3" where arguments.count >= 7:
      guard case .global(let name) = arguments[6], let dtype = dtype(name) else { break }
      return .value(.tensor(try tensor(arguments, dtype, items, place)))
    default: break
    }
    throw wrong("a call of \(name.split(separator: " ").joined(separator: "."))", place)
  }

  /// Takes storage, offset, shape and strides, and ignores arguments that a tensor of numbers does not need.
  private static func tensor(
    _ arguments: [PickleValue], _ dtype: DType?, _ items: (PickleValue) throws -> [PickleValue], _ place: String
  ) throws -> TorchTensor {
    guard case .storage(let storage) = arguments[0], case .integer(let offset) = arguments[1],
      let dtype = dtype ?? storage.dtype
    else { throw wrong("the description of a tensor", place) }
    let shape = try integers(try items(arguments[2]), place)
    let strides = try integers(try items(arguments[3]), place)
    return TorchTensor(storage: storage, dtype: dtype, offset: offset, shape: shape, strides: strides)
  }

  private static func integers(_ values: [PickleValue], _ place: String) throws -> [Int] {
    try values.map {
      guard case .integer(let number) = $0 else { throw wrong("the shape of a tensor", place) }
      return number
    }
  }

  private static func wrong(_ what: String, _ place: String) -> Failure {
    Failure(
      .malformed, at: place, "\(what) is not what it should be",
      advice: "The file is damaged, or made by a version of torch that writes tensors in another way.")
  }
}
