import Tensors

/// A value of a pickle. Containers are stored separately, by number. So nothing here is recursive, however deep
/// containers nest, and even if one contains itself.
enum PickleValue {
  case none
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case container(Int)
  /// A name in a Python module, such as "torch FloatStorage"; it is not resolved.
  case global(String)
  indirect case storage(TorchStorage)
  indirect case tensor(TorchTensor)
  /// Occurs only on the stack.
  case mark
}

enum PickleContainer {
  case tuple([PickleValue])
  case list([PickleValue])
  case dictionary([(key: PickleValue, value: PickleValue)])

  var count: Int {
    switch self {
    case .tuple(let values), .list(let values): values.count
    case .dictionary(let pairs): pairs.count
    }
  }
}

/// The content of a pickle, once it is read.
struct Pickle {
  let root: PickleValue
  let containers: [PickleContainer]
}

extension Pickle {
  /// Reads a pickle of protocol 2 to 5 as data; never executes anything. Names of Python objects are allowed if
  /// `TorchPickle` knows them and refused otherwise.
  ///
  /// - Throws: `Failure.malformed` at `place`.
  init(_ bytes: UnsafeRawBufferPointer, place: String) throws {
    var machine = PickleMachine(bytes: bytes, place: place)
    root = try machine.run()
    containers = machine.containers
  }
}
