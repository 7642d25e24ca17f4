import Foundation
import Tensors

/// A file of named tensors, in HDF5 or as weights in any format. HDF5 may also hold strings.
public struct TensorFile {
  /// The file's attributes or metadata.
  public let attributes: [(name: String, value: String)]
  /// The tensors' names.
  public let names: [String]
  /// Reads one tensor.
  public let tensor: (String) throws -> Tensor
  /// Datasets of strings.
  public let texts: [(name: String, values: [String])]
  /// The same datasets by name.
  public var textsByName: [String: [String]] { Dictionary(uniqueKeysWithValues: texts.map { ($0.name, $0.values) }) }

  /// Opens an HDF5 file or weights in any format.
  public init(_ path: String) throws {
    if Weights.extensions.contains((path as NSString).pathExtension) {
      let weights = try Weights.open(path)
      attributes = weights.metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
      names = weights.names
      tensor = { try weights.tensor($0) }
      texts = []
    } else {
      let file = try Self.openHDF5(path)
      attributes = try file.attributeNames().compactMap { name in
        try file.attribute(name).map { (name, Self.text($0)) }
      }
      var (names, others) = ([String](), [String]())
      for item in try file.items() {
        guard case .dataset(_, let dtype) = item.kind else { continue }
        let name = String(item.path.drop { $0 == "/" })
        if dtype == nil { others.append(name) } else { names.append(name) }
      }
      self.names = names
      texts = others.compactMap { name in (try? file.strings(name)).map { (name, $0) } }
      tensor = { try file.read($0) }
    }
  }

  /// If the file is not HDF5, the error names all formats.
  private static func openHDF5(_ path: String) throws -> HDF5File {
    do { return try HDF5File.open(path) } catch var error as Failure where error.expected == "an HDF5 file" {
      error.expected = "HDF5, or weights: " + Weights.extensions.map { ".\($0)" }.joined(separator: ", ")
      throw error
    }
  }

  private static func text(_ value: HDF5Attribute) -> String {
    switch value {
    case .string(let text): text
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .strings(let list): "\(list)"
    case .integers(let list): "\(list)"
    case .numbers(let list): "\(list)"
    }
  }
}
