import Fewstep
import Foundation
import Storage
import Tensors

/// The tensors of a safetensors or HDF5 file by name.
struct TensorFile {
  let attributes: [(name: String, value: String)]
  let names: [String]
  let tensor: (String) throws -> Tensor

  init(_ path: String) throws {
    if path.hasSuffix(".safetensors") {
      let file = try SafetensorsFile(path)
      attributes = file.metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
      names = file.names
      tensor = { try file.tensor($0) }
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
