import Files
import Tensors

/// An input of a network: its name, meaning and shape.
public struct TensorInput: Sendable {
  /// The size of a dimension.
  public enum Size: Sendable {
    case fixed(Int)
    /// Any nonzero multiple of `multipleOf`. Dimensions with the same name have the same size in all of a network's
    /// inputs.
    case free(String, multipleOf: Int = 1)
  }

  public let name: String
  public let meaning: String
  public let shape: [Size]
  /// Whether integers are allowed, as for steps and sizes.
  public let takesIntegers: Bool

  public init(_ name: String, _ meaning: String, _ shape: [Size], takesIntegers: Bool = false) {
    self.name = name
    self.meaning = meaning
    self.shape = shape
    self.takesIntegers = takesIntegers
  }

  /// A tensor of this shape on the meta device.
  ///
  /// - Parameter sizes: the free sizes by name.
  /// - Throws: `Failure` if one is missing.
  func planned(_ sizes: [String: Int], _ dtype: DType) throws -> Tensor {
    let shape = try shape.map { size in
      switch size {
      case .fixed(let count): return count
      case .free(let name, _):
        guard let count = sizes[name] else {
          throw Failure(.software, at: name, "the family does not say how large its input '\(self.name)' is")
        }
        return count
      }
    }
    return try .zeros(shape, dtype, on: .meta)
  }

  /// - Parameters:
  ///   - sizes: free sizes by name, as fixed by earlier inputs; this input's are added.
  ///   - place: the tensor's file, for errors.
  /// - Throws: `Failure.malformed` if shape or dtype differ, or a number is not finite.
  public func check(_ tensor: Tensor, sizes: inout [String: Int], at place: String) throws {
    try check(shape: tensor.shape, sizes: &sizes, at: place)
    guard tensor.dtype.isFloatingPoint || takesIntegers else {
      throw Failure(
        .malformed, at: "\(place): \(name)", expected: "floating-point numbers", got: tensor.summary)
    }
    let wrong = try tensor.nonFiniteCount()
    guard wrong == 0 else {
      throw Failure(
        .malformed, at: "\(place): \(name)", expected: "finite numbers",
        got: "\(wrong) of \(tensor.count) that are infinite or none")
    }
  }

  /// Checks a shape alone in the same way.
  public func check(shape got: [Int], sizes: inout [String: Int], at place: String) throws {
    let expected = description(sizes)
    guard got.count == shape.count, zip(shape, got).allSatisfy({ $0.takes($1, &sizes) }) else {
      throw Failure(.malformed, at: "\(place): \(name)", expected: expected, got: "\(got)")
    }
  }

  private func description(_ sizes: [String: Int]) -> String {
    "[" + shape.map { $0.description(sizes) }.joined(separator: ", ") + "]"
  }
}

extension TensorInput: CustomStringConvertible {
  public var description: String { "\(meaning) \(description([:]))" }
}

extension TensorInput.Size: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  public init(stringLiteral name: String) { self = .free(name) }
  public init(integerLiteral size: Int) { self = .fixed(size) }

  fileprivate func takes(_ size: Int, _ sizes: inout [String: Int]) -> Bool {
    switch self {
    case .fixed(let wanted): return size == wanted
    case .free(let name, let factor):
      defer { sizes[name] = sizes[name] ?? size }
      return size > 0 && size.isMultiple(of: factor) && size == sizes[name] ?? size
    }
  }

  /// "20", "B", "8·h"
  fileprivate func description(_ sizes: [String: Int]) -> String {
    switch self {
    case .fixed(let size): "\(size)"
    case .free(let name, let factor): sizes[name].map { "\($0)" } ?? (factor == 1 ? name : "\(factor)·\(name)")
    }
  }
}
