import Tensors

/// A value of a pickle. Containers are kept apart, by number, so that however deep they nest, and even where one contains
/// itself, nothing here is recursive.
enum PickleValue {
  case none
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case container(Int)
  /// A name in a Python module, such as "torch FloatStorage"; it stays a name.
  case global(String)
  indirect case storage(TorchStorage)
  indirect case tensor(TorchTensor)
  /// On the stack alone.
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

/// What a pickle says, once it is read.
struct Pickle {
  let root: PickleValue
  let containers: [PickleContainer]
}

extension Pickle {
  /// Reads a pickle of protocol 2 to 5 as data: nothing is ever run. Names of Python objects are allowed where `TorchPickle`
  /// knows them and refused otherwise.
  ///
  /// - Throws: `Failure.malformed` at `place`.
  init(_ bytes: UnsafeRawBufferPointer, place: String) throws {
    var machine = PickleMachine(bytes: bytes, place: place)
    root = try machine.run()
    containers = machine.containers
  }
}
