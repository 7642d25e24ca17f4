import Tensors

/// The named tensors of a checkpoint, whatever files they are in.
public protocol WeightSource: AnyObject, Sendable {
  /// The file, or the index of several, for errors.
  var path: String { get }
  /// All files that hold its tensors.
  var files: [String] { get }
  var names: [String] { get }
  /// The file's metadata besides its tensors.
  var metadata: [String: String] { get }
  func contains(_ name: String) -> Bool
  /// A tensor on the CPU; it must not be written to.
  ///
  /// - Throws: `Failure` with the file and the tensor's name.
  func tensor(_ name: String) throws -> Tensor
}

extension WeightSource {
  public var files: [String] { [path] }

  /// One hash of all names and tensors, equal for checkpoints with the same weights. Reads all tensors; of large files only once,
  /// see `DigestCache`.
  public func digest() throws -> String {
    try DigestCache.shared.digest(of: files, names: names) {
      hash(try names.sorted().map { "\($0) \(try hash([tensor($0)]))" }.joined(separator: "\n"))
    }
  }

  /// A tensor as a network's parameter.
  ///
  /// - Throws: `Failure` also if it holds integers, as quantized weights do: their values are not the real numbers.
  public func parameter(_ name: String) throws -> Tensor {
    let tensor = try tensor(name)
    guard tensor.dtype.isFloatingPoint else {
      throw Failure(
        .malformed, at: "\(path): \(name)", expected: "floating-point numbers", got: tensor.summary,
        advice: "Weights that are quantised to integers are not read.")
    }
    return tensor
  }

  public var metadata: [String: String] { [:] }

  /// The error for a missing tensor, with the names of similar ones.
  func absent(_ name: String) -> Failure {
    let lastPart = name.split(separator: ".").suffix(2).joined(separator: ".")
    let names = names
    let similar = names.filter { $0.hasSuffix(lastPart) }.prefix(3)
    let examples = similar.isEmpty ? names.prefix(3) : similar
    return Failure(
      .missing, at: path, "there is no tensor '\(name)'",
      advice: examples.isEmpty
        ? "The file holds no tensors." : "It holds \(names.count) tensors, such as \(examples.joined(separator: ", "))."
    )
  }
}
