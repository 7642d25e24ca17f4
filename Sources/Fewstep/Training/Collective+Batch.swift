import Files
import Foundation
import Tensors

extension Collective {
  /// The parts of a batch that this rank trains.
  func share(of parts: [Range<Int>]) -> [Range<Int>] {
    let size = parts.count / count
    return Array(parts[rank * size..<(rank + 1) * size])
  }

  /// Makes a value on the first rank alone, and returns it on all of them once it is made.
  package func fromFirst<Value: Codable>(_ make: () throws -> Value) throws -> Value {
    guard count > 1 else { return try make() }
    var made: Value?
    var text = Data()
    let length = try agree {
      let value = try make()
      (made, text) = (value, try JSONEncoder.pretty.encode(value))
      return text.count
    }
    let bytes = try Tensor(rank == 0 ? text.map(Int.init) : Array(repeating: 0, count: length))
    try broadcast([bytes], from: 0)
    return try made ?? JSONDecoder.pretty.decode(Value.self, from: Data(bytes.integers().map(UInt8.init)))
  }
}
