import Foundation
import Tensors

/// A safetensors file, mapped into memory: opening reads the header, and a tensor's bytes are read from disk on use.
///
/// The header is checked in full on opening: every tensor's bytes must lie inside the file, fit its shape and dtype, and the
/// tensors together must cover the file without gaps or overlaps.
public final class SafetensorsFile: Sendable {
  /// A tensor's entry in the header.
  public struct Entry: Equatable, Sendable {
    /// The tensor's name.
    public let name: String
    /// The tensor's dtype.
    public let dtype: DType
    /// The tensor's shape.
    public let shape: [Int]
    /// The byte range, relative to the end of the header.
    let bytes: Range<Int>
  }

  public let path: String
  /// Free text from the writer, such as `["format": "pt"]`.
  public let metadata: [String: String]
  /// The entries in the order of the tensors in the file.
  public let entries: [Entry]
  private let mapping: MappedFile
  private let dataStart: Int
  private let indices: [String: Int]

  /// - Throws: `Failure`: `.missing`, or `.malformed` with the name of the faulty tensor.
  public init(_ path: String) throws {
    self.path = path
    mapping = try MappedFile(path)
    let header = try SafetensorsHeader(mapping)
    metadata = header.metadata
    entries = header.entries
    dataStart = header.dataStart
    indices = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
  }

  public var names: [String] { entries.map(\.name) }

  public func contains(_ name: String) -> Bool { indices[name] != nil }

  /// The header's entry for a tensor.
  ///
  /// - Throws: `.missing`, naming similar tensors.
  public func entry(_ name: String) throws -> Entry {
    guard let index = indices[name] else { throw absent(name) }
    return entries[index]
  }

  /// A tensor on the CPU over the file's own bytes, without a copy; it must not be written to. It keeps the mapping
  /// alive even after this object is released.
  public func tensor(_ name: String) throws -> Tensor {
    let entry = try entry(name)
    return try mapping.tensor(dataStart + entry.bytes.lowerBound, shape: entry.shape, dtype: entry.dtype)
  }
}

extension SafetensorsFile: WeightSource {}
