import Tensors

/// A checkpoint whose tensors are known by other names than in the file.
public final class RenamedWeights: WeightSource {
  private let weights: any WeightSource
  /// The file's names, by those that are used here.
  private let inFile: [String: String]
  public let names: [String]

  /// - Parameter rename: the name that the file's tensor of this name has here. If two get the same, the last one counts.
  public init(_ weights: any WeightSource, _ rename: (String) -> String) {
    self.weights = weights
    let pairs = weights.names.map { (rename($0), $0) }
    inFile = Dictionary(pairs) { $1 }
    names = pairs.map(\.0)
  }

  public var path: String { weights.path }
  public var files: [String] { weights.files }
  public var metadata: [String: String] { weights.metadata }
  public func contains(_ name: String) -> Bool { inFile[name] != nil }
  public func tensor(_ name: String) throws -> Tensor {
    guard let name = inFile[name] else { throw absent(name) }
    return try weights.tensor(name)
  }
}
