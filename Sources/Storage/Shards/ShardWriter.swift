import Foundation
import Tensors

/// Makes a `ShardFolder`: each shard is written whole or not at all, what is there already from the same source is left as it
/// is, and the manifest comes last. So it may be killed at any time and called again.
public final class ShardWriter {
  public let path: String
  private let kind: String
  private let attributes: [String: String]
  private var rows = [Int]()

  /// - Parameter attributes: how the rows are made. Shards made otherwise are made again.
  public init(_ path: String, kind: String, attributes: [String: String]) throws {
    self.path = path
    self.kind = kind
    self.attributes = attributes
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw StorageError(.io, at: path, "cannot make the folder")
    }
    try? FileManager.default.removeItem(atPath: ShardFolder.manifest(path))
  }

  /// Takes the next shard from the folder where it is there and from the same source.
  ///
  /// - Parameter source: what the shard's rows are made from, as a digest.
  public func keep(_ source: String) -> Bool {
    guard let file = try? HDF5File.open(ShardFolder.shard(path, rows.count)),
      (try? file.string("source")) == source, (try? file.string("attributes")) == described,
      let count = try? file.integer("rows")
    else { return false }
    rows.append(count)
    return true
  }

  /// Writes the next shard.
  ///
  /// - Parameters:
  ///   - tensors: by name, each [rows, ...].
  ///   - texts: by name, one a row.
  ///   - shared: tensors that belong to no row.
  public func write(
    source: String, rows count: Int, tensors: [String: Tensor], texts: [String: [String]],
    shared: [String: Tensor] = [:]
  ) throws {
    try HDF5File.write(to: ShardFolder.shard(path, rows.count)) { file in
      for (name, tensor) in tensors {
        let chunk = [1] + tensor.shape.dropFirst()
        try file.write(tensor, to: name, layout: HDF5Layout(chunk: chunk, checksum: true))
      }
      for (name, tensor) in shared { try file.write(tensor, to: name) }
      for (name, values) in texts { try file.write(values, to: name) }
      try file.setAttribute("source", .string(source))
      try file.setAttribute("attributes", .string(described))
      try file.setAttribute("rows", .integer(Int64(count)))
    }
    rows.append(count)
  }

  /// Removes shards of an earlier, longer data set, and writes the manifest.
  public func finish() throws {
    var surplus = rows.count
    while FileManager.default.fileExists(atPath: ShardFolder.shard(path, surplus)) {
      try? FileManager.default.removeItem(atPath: ShardFolder.shard(path, surplus))
      surplus += 1
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let manifest = ShardFolder.Manifest(kind: kind, attributes: attributes, rows: rows)
    try AtomicFile.write(try encoder.encode(manifest), to: ShardFolder.manifest(path))
  }

  private var described: String { JSONValue.object(attributes.mapValues(JSONValue.string)).description }
}
