import Fewstep
import Foundation
import Storage
import Tensors

/// The tensors of a file by name: HDF5, or weights in any form.
struct TensorFile {
  /// What it says beside its tensors.
  let attributes: [(name: String, value: String)]
  let names: [String]
  let tensor: (String) throws -> Tensor

  init(_ path: String) throws {
    if Weights.extensions.contains((path as NSString).pathExtension) {
      let weights = try Weights.open(path)
      attributes = weights.metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
      names = weights.names
      tensor = { try weights.tensor($0) }
    } else {
      let file = try HDF5File.open(path)
      attributes = try file.attributeNames().compactMap { name in
        try file.attribute(name).map { (name, Self.words($0)) }
      }
      names = try file.items().compactMap { item in
        if case .dataset(_, let dtype) = item.kind, dtype != nil { String(item.path.drop { $0 == "/" }) } else { nil }
      }
      tensor = { try file.read($0) }
    }
  }

  private static func words(_ value: HDF5Attribute) -> String {
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
