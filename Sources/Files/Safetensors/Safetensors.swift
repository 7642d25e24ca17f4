import Foundation
import Tensors

/// Writes safetensors files, for exchange with other tools.
public enum Safetensors {
  /// A tensor that is made when it is written, so that a model need not fit into memory twice.
  public struct Entry {
    public let name: String
    public let shape: [Int]
    public let dtype: DType
    let value: () throws -> Tensor

    /// - Parameter value: makes the tensor, of this shape and dtype.
    public init(_ name: String, shape: [Int], dtype: DType, _ value: @escaping () throws -> Tensor) {
      (self.name, self.shape, self.dtype, self.value) = (name, shape, dtype, value)
    }

    var byteCount: Int { shape.reduce(dtype.byteCount, *) }
  }

  /// Writes tensors as diffusers and transformers do: in one file STEM.safetensors, or in several of at most `limit` bytes with
  /// STEM.safetensors.index.json.
  ///
  /// - Throws: `Failure` as `write`.
  public static func write(
    entries tensors: [Entry], into folder: String, stem: String, metadata: [String: String] = ["format": "pt"],
    limit: Int = 5_000_000_000
  ) throws {
    var parts = [[Entry]]()
    var size = Int.max
    for entry in tensors {
      if size == .max || size + entry.byteCount > limit {
        parts.append([])
        size = 0
      }
      parts[parts.count - 1].append(entry)
      size += entry.byteCount
    }
    guard parts.count > 1 else {
      return try write(entries: tensors, metadata: metadata, to: "\(folder)/\(stem).safetensors")
    }
    var files = [String: JSONValue]()
    for (index, part) in parts.enumerated() {
      func digits(_ number: Int) -> String { String("0000\(number)".suffix(5)) }
      let name = "\(stem)-\(digits(index + 1))-of-\(digits(parts.count)).safetensors"
      try write(entries: part, metadata: metadata, to: "\(folder)/\(name)")
      for entry in part { files[entry.name] = .string(name) }
    }
    let total = tensors.reduce(0) { $0 + $1.byteCount }
    let index: JSONValue = .object([
      "metadata": .object(["total_size": .integer(total)]), "weight_map": .object(files),
    ])
    try AtomicFile.write(Data(index.description.utf8), to: "\(folder)/\(stem).safetensors.index.json")
  }

  /// Writes named tensors in one step: an earlier file at `path` stays until the new one is complete.
  ///
  /// Keeps the order, except that larger elements come first, so that each tensor is aligned to its element size.
  ///
  /// - Throws: `Failure`: `.malformed` if a name occurs twice, `.missing` if the folder does not exist, `.io`.
  public static func write(
    _ tensors: [(String, Tensor)], metadata: [String: String] = [:], to path: String
  ) throws {
    try write(
      entries: tensors.map { name, tensor in Entry(name, shape: tensor.shape, dtype: tensor.dtype) { tensor } },
      metadata: metadata, to: path)
  }

  /// The same with tensors that are made one after the other.
  public static func write(entries tensors: [Entry], metadata: [String: String] = [:], to path: String) throws {
    let ordered = tensors.enumerated().sorted { a, b in
      let (sizeA, sizeB) = (a.element.dtype.byteCount, b.element.dtype.byteCount)
      return sizeA == sizeB ? a.offset < b.offset : sizeA > sizeB
    }.map(\.element)
    let header = try header(ordered, metadata, path)
    try AtomicFile.write(to: path) { temporary in
      let file = try OutputFile(creating: temporary)
      var length = UInt64(header.count).littleEndian
      try withUnsafeBytes(of: &length) { try file.append($0) }
      try file.append(header)
      for entry in ordered {
        let tensor = try entry.value().to(.cpu).to(entry.dtype).contiguous()
        guard tensor.shape == entry.shape else {
          throw Failure(
            .software, at: "\(path): \(entry.name)", expected: "\(entry.shape)", got: "\(tensor.shape)")
        }
        try tensor.withBytes { try file.append($0) }
      }
      try file.close()
    }
  }

  private static func header(_ tensors: [Entry], _ metadata: [String: String], _ path: String) throws -> Data {
    var fields: [String] = []
    if !metadata.isEmpty {
      let texts = try metadata.sorted { $0.key < $1.key }.map { "\(try quoted($0.key)):\(try quoted($0.value))" }
      fields.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
    }
    var offset = 0
    var seen: Set<String> = ["__metadata__"]
    for tensor in tensors {
      let name = tensor.name
      guard seen.insert(name).inserted else {
        throw Failure(.malformed, at: "\(path): \(name)", "the name is reserved or occurs twice")
      }
      let end = offset + tensor.byteCount
      let dtype = SafetensorsDType.name(tensor.dtype)
      let shape = tensor.shape.map { "\($0)" }.joined(separator: ",")
      fields.append(
        "\(try quoted(name)):{\"dtype\":\"\(dtype)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Data("{\(fields.joined(separator: ","))}".utf8)
    header.append(Data(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
    return header
  }

  private static func quoted(_ text: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return String(decoding: try encoder.encode(text), as: UTF8.self)
  }
}
