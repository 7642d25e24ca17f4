import Tensors

/// The tensors of a pickle by name.
struct TorchContents {
  /// Deeper than any checkpoint, yet safe for the stack.
  private static let maximumDepth = 64
  private(set) var tensors: [(name: String, tensor: TorchTensor)] = []
  private(set) var wrapper: String?
  private(set) var metadata: [String: String] = [:]
  private let containers: [PickleContainer]
  private let place: String
  /// A container may occur in several places, but not so often that the list of names becomes many times larger than
  /// the file.
  private var visitsLeft: Int

  /// - Throws: `Failure.malformed` if the nesting is too deep, or a tensor's name is neither a text nor a number.
  init(_ pickle: Pickle, place: String) throws {
    containers = pickle.containers
    self.place = place
    visitsLeft = 1000 + 10 * containers.reduce(0) { $0 + $1.count }
    guard case .container(let index) = pickle.root else {
      try collect(pickle.root, "tensor", 0)
      return
    }
    var holders: [(name: String, start: Int)] = []
    for (name, value) in entries(containers[index]) {
      let start = tensors.count
      try collect(value, name, 1)
      if tensors.count > start, let name, case .container = value { holders.append((name, start)) }
      if tensors.count > start, case .tensor = value { holders.append(("", start)) }
      if let name { metadata[name] = text(value) }
    }
    if holders.count == 1, let holder = holders.first, !holder.name.isEmpty {
      wrapper = holder.name
      tensors = tensors.map { (String($0.name.dropFirst(holder.name.count + 1)), $0.tensor) }
    }
  }

  private mutating func collect(_ value: PickleValue, _ path: String?, _ depth: Int) throws {
    visitsLeft -= 1
    guard visitsLeft > 0, depth <= Self.maximumDepth else {
      throw Failure(.malformed, at: place, "its containers are nested too deeply, or endlessly")
    }
    switch value {
    case .tensor(let tensor):
      guard let path else {
        throw Failure(.malformed, at: place, "a tensor's key is neither a text nor a number")
      }
      tensors.append((path, tensor))
    case .container(let index):
      for (name, value) in entries(containers[index]) {
        let joined: String? = if let path, let name { "\(path).\(name)" } else { nil }
        try collect(value, joined, depth + 1)
      }
    default: break
    }
  }

  private func entries(_ container: PickleContainer) -> [(name: String?, value: PickleValue)] {
    switch container {
    case .tuple(let values), .list(let values): values.enumerated().map { ("\($0)", $1) }
    case .dictionary(let pairs): pairs.map { (text($0.key), $0.value) }
    }
  }

  private func text(_ value: PickleValue) -> String? {
    switch value {
    case .string(let text): text
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .boolean(let flag): "\(flag)"
    default: nil
    }
  }
}
