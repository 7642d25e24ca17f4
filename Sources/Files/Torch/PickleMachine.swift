import Foundation
import Tensors

/// Interprets a pickle's instructions with a stack of values.
///
/// Each instruction takes at least one byte and makes at most one value, so memory is bounded by the size of the
/// pickle.
struct PickleMachine {
  /// Far above the need of any model: its pickle holds only names and shapes.
  private static let maximumLength = 16 << 20

  let bytes: UnsafeRawBufferPointer
  let place: String
  private var position = 0
  private var stack: [PickleValue] = []
  private var memo: [Int: PickleValue] = [:]
  private(set) var containers: [PickleContainer] = []

  init(bytes: UnsafeRawBufferPointer, place: String) {
    self.bytes = bytes
    self.place = place
  }

  mutating func run() throws -> PickleValue {
    guard bytes.count <= Self.maximumLength else {
      throw wrong("the pickle is too large", expected: "at most \(Self.maximumLength) bytes", got: "\(bytes.count)")
    }
    while true {
      let code = try number(1)
      if code == UInt8(ascii: ".") { return try pop() }
      try step(UInt8(code))
    }
  }

  private mutating func step(_ code: UInt8) throws {
    switch code {
    case 0x80:  // PROTO
      let version = try number(1)
      guard (2...5).contains(version) else {
        throw wrong("the pickle's protocol", expected: "2 to 5", got: "\(version)")
      }
    case 0x95: try skip(8)  // FRAME
    // Constants.
    case UInt8(ascii: "N"): push(.none)
    case 0x88: push(.boolean(true))
    case 0x89: push(.boolean(false))
    case UInt8(ascii: "K"): push(.integer(try number(1)))
    case UInt8(ascii: "M"): push(.integer(try number(2)))
    case UInt8(ascii: "J"): push(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
    case 0x8A: push(try long(try number(1)))
    case UInt8(ascii: "G"): push(.number(Double(bitPattern: try take(8).loadUnaligned(as: UInt64.self).byteSwapped)))
    case 0x8C: push(.string(try text(try number(1))))
    case UInt8(ascii: "X"): push(.string(try text(try number(4))))
    // Containers.
    case UInt8(ascii: ")"): push(.tuple([]))
    case UInt8(ascii: "]"): push(.list([]))
    case UInt8(ascii: "}"): push(.dictionary([]))
    case UInt8(ascii: "("): push(.mark)
    case 0x85...0x87: push(.tuple(try popped(Int(code) - 0x84)))
    case UInt8(ascii: "t"): push(.tuple(try popToMark()))
    case UInt8(ascii: "l"): push(.list(try popToMark()))
    case UInt8(ascii: "d"): push(.dictionary(try pairs(try popToMark())))
    case UInt8(ascii: "a"): try append([try pop()])
    case UInt8(ascii: "e"): try append(try popToMark())
    case UInt8(ascii: "s"): try set(try popped(2))
    case UInt8(ascii: "u"): try set(try popToMark())
    // The stack and the memo.
    case UInt8(ascii: "0"): _ = try pop()
    case UInt8(ascii: "1"): _ = try popToMark()
    case UInt8(ascii: "q"): try remember(try number(1))
    case UInt8(ascii: "r"): try remember(try number(4))
    case 0x94: try remember(memo.count)
    case UInt8(ascii: "h"): push(try remembered(try number(1)))
    case UInt8(ascii: "j"): push(try remembered(try number(4)))
    // Python objects.
    case UInt8(ascii: "c"): push(.global(try TorchPickle.checked("\(try line()) \(try line())", place)))
    case 0x93:
      let names = try popped(2)
      guard case .string(let module) = names[0], case .string(let name) = names[1] else { throw wrong("a name") }
      push(.global(try TorchPickle.checked("\(module) \(name)", place)))
    case UInt8(ascii: "Q"):
      push(.storage(try TorchPickle.storage(try items(try pop()), place)))
    case UInt8(ascii: "R"):
      let arguments = try items(try pop())
      guard case .global(let name) = try pop() else { throw wrong("a call of what is no function") }
      switch try TorchPickle.call(name, arguments, items: { try items($0) }, place) {
      case .value(let value): push(value)
      case .container(let container): push(container)
      }
    case UInt8(ascii: "b"):
      // The state of an OrderedDict is metadata about module versions.
      _ = try pop()
      guard case .container(let index) = try top(), case .dictionary = containers[index] else {
        throw wrong("the state of an object that is no dictionary")
      }
    default: throw wrong("an instruction that models do not need", got: "0x\(String(code, radix: 16))")
    }
  }

  // MARK: Stack

  private mutating func push(_ value: PickleValue) { stack.append(value) }

  private mutating func push(_ container: PickleContainer) {
    containers.append(container)
    stack.append(.container(containers.count - 1))
  }

  private func top() throws -> PickleValue {
    guard let last = stack.last else { throw wrong("a value is missing") }
    if case .mark = last { throw wrong("a value is missing") }
    return last
  }

  private mutating func pop() throws -> PickleValue {
    let last = try top()
    stack.removeLast()
    return last
  }

  private mutating func popped(_ count: Int) throws -> [PickleValue] {
    try (0..<count).map { _ in try pop() }.reversed()
  }

  private mutating func popToMark() throws -> [PickleValue] {
    let mark = stack.lastIndex { if case .mark = $0 { true } else { false } }
    guard let mark else { throw wrong("a mark is missing") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[(mark + 1)...])
  }

  private mutating func remember(_ index: Int) throws { memo[index] = try top() }

  private func remembered(_ index: Int) throws -> PickleValue {
    guard let value = memo[index] else { throw wrong("nothing was remembered under \(index)") }
    return value
  }

  // MARK: Containers

  private func items(_ value: PickleValue) throws -> [PickleValue] {
    guard case .container(let index) = value else { throw wrong("a tuple", got: "another value") }
    switch containers[index] {
    case .tuple(let values), .list(let values): return values
    case .dictionary: throw wrong("a tuple", got: "a dictionary")
    }
  }

  private func pairs(_ values: [PickleValue]) throws -> [(key: PickleValue, value: PickleValue)] {
    guard values.count.isMultiple(of: 2) else { throw wrong("a key without a value") }
    return stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) }
  }

  private mutating func append(_ values: [PickleValue]) throws {
    guard case .container(let index) = try top(), case .list(var list) = containers[index] else {
      throw wrong("a list", got: "another value")
    }
    containers[index] = .list([])  // so that the list is not copied
    list += values
    containers[index] = .list(list)
  }

  private mutating func set(_ values: [PickleValue]) throws {
    guard case .container(let index) = try top(), case .dictionary(var dictionary) = containers[index] else {
      throw wrong("a dictionary", got: "another value")
    }
    containers[index] = .dictionary([])
    dictionary += try pairs(values)
    containers[index] = .dictionary(dictionary)
  }

  // MARK: Bytes

  private mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard count <= bytes.count - position else { throw wrong("it is cut short") }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  private mutating func skip(_ count: Int) throws { _ = try take(count) }

  /// A little-endian number of up to four bytes.
  private mutating func number(_ size: Int) throws -> Int { try take(size).reversed().reduce(0) { $0 << 8 | Int($1) } }

  private mutating func text(_ count: Int) throws -> String { String(decoding: try take(count), as: UTF8.self) }

  private mutating func line() throws -> String {
    guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else { throw wrong("it is cut short") }
    defer { position = end + 1 }
    return try text(end - position)
  }

  /// A little-endian integer in two's complement. One that does not fit in 64 bits becomes a floating-point number.
  private mutating func long(_ size: Int) throws -> PickleValue {
    let digits = try take(size)
    let isNegative = (digits.last ?? 0) >= 0x80
    if size <= 8 {
      return .integer(digits.reversed().reduce(isNegative ? -1 : 0) { $0 << 8 | Int($1) })
    }
    return .number(digits.reversed().reduce(isNegative ? -1 : 0) { $0 * 256 + Double($1) })
  }

  private func wrong(_ problem: String, expected: String? = nil, got: String? = nil) -> Failure {
    Failure(
      .malformed, at: "\(place): byte \(position)", problem, expected: expected, got: got,
      advice: "The file is damaged or was not made by `torch.save`.")
  }
}
