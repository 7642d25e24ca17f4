import Foundation
import Tensors

/// Writes safetensors files, for exchange with other tools.
public enum Safetensors {
  /// Writes named tensors in one step: an earlier file at `path` stays until the new one is complete.
  ///
  /// Keeps the order, except that larger elements come first, so that each tensor is aligned to its element size.
  ///
  /// - Throws: `Failure`: `.malformed` if a name occurs twice, `.missing` if the folder does not exist, `.io`.
  public static func write(
    _ tensors: [(String, Tensor)], metadata: [String: String] = [:], to path: String
  ) throws {
    let ordered = tensors.enumerated().sorted { a, b in
      let (sizeA, sizeB) = (a.element.1.dtype.byteCount, b.element.1.dtype.byteCount)
      return sizeA == sizeB ? a.offset < b.offset : sizeA > sizeB
    }.map(\.element)
    let header = try header(ordered, metadata, path)
    try AtomicFile.write(to: path) { temporary in
      let file = try OutputFile(creating: temporary)
      var length = UInt64(header.count).littleEndian
      try withUnsafeBytes(of: &length) { try file.append($0) }
      try file.append(header)
      for (_, tensor) in ordered { try tensor.withBytes { try file.append($0) } }
      try file.close()
    }
  }

  private static func header(_ tensors: [(String, Tensor)], _ metadata: [String: String], _ path: String) throws -> Data
  {
    var fields: [String] = []
    if !metadata.isEmpty {
      let texts = try metadata.sorted { $0.key < $1.key }.map { "\(try quoted($0.key)):\(try quoted($0.value))" }
      fields.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
    }
    var offset = 0
    var seen: Set<String> = ["__metadata__"]
    for (name, tensor) in tensors {
      guard seen.insert(name).inserted else {
        throw Failure(.malformed, at: "\(path): \(name)", "the name is reserved or occurs twice")
      }
      let end = offset + tensor.count * tensor.dtype.byteCount
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
