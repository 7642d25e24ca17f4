import Foundation
import Tensors

/// Writes a `ShardFolder`. Each shard is written atomically, existing shards from the same source are kept, and the
/// manifest is written last. So the process may be killed at any time and run again. A finished folder stays finished
/// until a shard is replaced.
public final class ShardWriter {
  /// The folder.
  public let path: String
  /// The number of rows in each shard so far.
  public private(set) var rows = [Int]()
  /// The names of items that were left out of the shards so far.
  public private(set) var skipped = [String]()
  private let kind: String
  private let fingerprint: Fingerprint
  private let origin: String

  /// - Parameters:
  ///   - fingerprint: the inputs that determine the rows.
  ///   - origin: the location of the rows' source, such as a file of prompts.
  /// - Throws: `Failure` if the folder cannot be written, or holds rows of another kind, with another fingerprint, or
  ///   unrelated files.
  public init(_ path: String, kind: String, _ fingerprint: Fingerprint, origin: String = "") throws {
    self.path = path
    self.kind = kind
    self.fingerprint = fingerprint
    self.origin = origin
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Failure(.io, at: path, "cannot make the folder")
    }
    let manifest = ShardFolder.manifest(path)
    try AtomicFile.checkWritable(manifest)
    if let found = try? ShardFolder.readManifest(path) {
      try ShardLabel(kind: found.kind, found.fingerprint).check(manifest, is: label)
    } else {
      let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }.sorted()
      guard names.isEmpty || names.contains(where: ShardFolder.isShard) else {
        throw Failure(
          .malformed, at: path, expected: "a new folder, or one that this was begun in", got: "'\(names[0])' in it",
          advice: "Name another folder.")
      }
    }
  }

  private var label: ShardLabel { ShardLabel(kind: kind, fingerprint) }

  /// Keeps the folder's next shard if it exists, is intact, and is from the same source. Reads all of it.
  ///
  /// - Parameters:
  ///   - source: a digest of the data that the shard's rows are made from.
  ///   - damaged: called with the error if a shard cannot be kept because it is damaged.
  /// - Throws: `Failure` if the shard that would be replaced belongs to another data set.
  public func keep(_ source: String, damaged: (Failure) -> Void = { _ in }) throws -> Bool {
    let place = ShardFolder.shard(path, rows.count)
    guard FileManager.default.fileExists(atPath: place) else { return false }
    let found: ShardLabel
    do {
      let file = try HDF5File.open(place)
      found = try ShardLabel(file)
      if found.isOf(label), found.source == source {
        guard try found.contents == ShardLabel.contents(of: file), let count = found.rows else {
          throw Failure(.malformed, at: place, "it does not hold what was written")
        }
        skipped += try file.contains("skipped") ? file.strings("skipped") : []
        rows.append(count)
        return true
      }
    } catch let error as Failure where error.kind == .malformed {
      damaged(error)
      return false
    }
    try found.check(place, is: label)
    guard found.origin == origin else {
      throw ShardLabel.other(place, expected: "rows from \(origin)", got: "rows from \(found.origin ?? "elsewhere")")
    }
    return false
  }

  /// Writes the next shard.
  ///
  /// - Parameters:
  ///   - tensors: tensors by name, each [rows, ...].
  ///   - texts: texts by name, one per row.
  ///   - shared: tensors that belong to no row.
  ///   - skipped: the names of items that should have become rows and could not.
  public func write(
    source: String, rows count: Int, tensors: [String: Tensor], texts: [String: [String]],
    shared: [String: Tensor] = [:], skipped: [String] = []
  ) throws {
    var label = label
    (label.origin, label.source, label.rows) = (origin, source, count)
    try HDF5File.write(to: ShardFolder.shard(path, rows.count)) { file in
      for (name, tensor) in tensors {
        try file.write(tensor, to: name, layout: Self.layout(of: tensor))
      }
      for (name, tensor) in shared { try file.write(tensor, to: name, layout: HDF5Layout(checksum: true)) }
      for (name, values) in texts { try file.write(values, to: name) }
      if !skipped.isEmpty { try file.write(skipped, to: "skipped") }
      label.contents = try ShardLabel.contents(of: file)
      try label.write(to: file)
      if FileManager.default.fileExists(atPath: ShardFolder.shard(path, rows.count)) {
        try? FileManager.default.removeItem(atPath: ShardFolder.manifest(path))
      }
    }
    rows.append(count)
    self.skipped += skipped
  }

  /// Writes the manifest, and removes shards of an earlier, longer state.
  public func finish() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let manifest = ShardFolder.Manifest(
      kind: kind, fingerprint: fingerprint, rows: rows, skipped: skipped.isEmpty ? nil : skipped)
    try AtomicFile.write(try encoder.encode(manifest), to: ShardFolder.manifest(path))
    var surplus = rows.count
    while FileManager.default.fileExists(atPath: ShardFolder.shard(path, surplus)) {
      try? FileManager.default.removeItem(atPath: ShardFolder.shard(path, surplus))
      surplus += 1
    }
  }

  /// A chunk a row. Large rows that are mostly padding, such as a text encoder's, are compressed.
  private static func layout(of tensor: Tensor) throws -> HDF5Layout {
    let chunk = [1] + tensor.shape.dropFirst()
    let isLarge = chunk.reduce(tensor.dtype.byteCount, *) >= 1 << 20
    let isPadded =
      try isLarge && tensor.rows(0..<1).equal(to: 0.0).to(.float32).mean(Array(0..<tensor.rank)).item() > 0.25
    return HDF5Layout(chunk: chunk, deflate: isPadded ? 1 : nil, shuffle: isPadded, checksum: true)
  }
}
