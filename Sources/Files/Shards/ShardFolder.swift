import Foundation
import Tensors

/// A data set in a folder of HDF5 files (shards) with consecutive rows of the same datasets. The manifest.json is
/// written last: a folder without it is unfinished. `ShardWriter` writes such a folder and can be interrupted.
public final class ShardFolder {
  /// The properties that all shards share.
  public struct Manifest: Codable, Equatable, Sendable {
    /// The version that this program writes.
    public static let currentVersion = 1

    /// The version of the folder's format.
    public var version = currentVersion
    /// The kind of the rows: "prompts", "latents".
    public var kind: String
    /// The inputs that determined the rows: models by hash, sizes, factors.
    public var fingerprint: Fingerprint
    /// The number of rows in each shard, in order.
    public var rows: [Int]
    /// The names of items that were left out; nil if there are none.
    public var skipped: [String]?
  }

  /// The folder.
  public let path: String
  /// The content of manifest.json.
  public let manifest: Manifest
  /// The number of rows.
  public let count: Int
  private let starts: [Int]
  private var open: (index: Int, file: HDF5File)?

  /// - Parameters:
  ///   - kind: the required kind of the rows.
  ///   - advice: how to make or finish such a folder.
  /// - Throws: `Failure` if the folder is not such a data set, is unfinished, or lacks a shard.
  public init(_ path: String, kind: String, advice: String? = nil) throws {
    let place = Self.manifest(path)
    guard FileManager.default.fileExists(atPath: place) else {
      throw Failure(
        .missing, at: path, "the folder has no manifest.json",
        expected: "a finished folder of \(kind)", advice: advice)
    }
    do { manifest = try Self.readManifest(path) } catch {
      throw Failure(.malformed, at: place, "it cannot be read", advice: advice)
    }
    guard manifest.version == Manifest.currentVersion, manifest.kind == kind else {
      throw Failure(
        .malformed, at: place, expected: "\(kind), version \(Manifest.currentVersion)",
        got: "\(manifest.kind), version \(manifest.version)")
    }
    for index in manifest.rows.indices where !FileManager.default.fileExists(atPath: Self.shard(path, index)) {
      throw Failure(
        .missing, at: Self.shard(path, index), "a shard that manifest.json lists is missing", advice: advice)
    }
    self.path = path
    starts = manifest.rows.reduce(into: [0]) { $0.append($0.last! + $1) }
    count = starts.last ?? 0
  }

  static func readManifest(_ path: String) throws -> Manifest {
    try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: URL(fileURLWithPath: manifest(path))))
  }

  static func isShard(_ name: String) -> Bool { name.hasPrefix("shard-") && name.hasSuffix(".h5") }
  static func manifest(_ path: String) -> String { "\(path)/manifest.json" }
  static func shard(_ path: String, _ index: Int) -> String {
    "\(path)/shard-" + String(repeating: "0", count: max(0, 5 - "\(index)".count)) + "\(index).h5"
  }

  /// Rows [positions.count, ...] of a dataset, in the order of `positions`.
  public func rows(_ name: String, _ positions: [Int]) throws -> Tensor {
    try stacked(
      positions.map { position in
        let shard = shard(of: position)
        return try inFile(shard) { file in
          let row = position - starts[shard]
          return try file.read(name, rows: row..<row + 1).squeezed(0)
        }
      })
  }

  /// A dataset of the first shard, for data that belong to the whole folder.
  public func shared(_ name: String) throws -> Tensor { try inFile(shards.first ?? 0) { try $0.read(name) } }

  /// All texts of a dataset.
  public func strings(_ name: String) throws -> [String] {
    try shards.flatMap { shard in try inFile(shard) { try $0.strings(name) } }
  }

  /// The names of the numeric datasets that have a row for each item.
  public func rowNames() throws -> [String] {
    try inFile(shards.first ?? 0) { file in
      try file.items().compactMap { item in
        guard case .dataset(_, _?) = item.kind, !item.path.dropFirst().contains("/") else { return nil }
        return item.path.hasPrefix("/") ? String(item.path.dropFirst()) : item.path
      }
    }
  }

  /// The shape of a dataset's rows.
  public func rowShape(_ name: String) throws -> [Int] {
    try inFile(shards.first ?? 0) { Array(try $0.dataset(name).shape.dropFirst()) }
  }

  /// The indices of shards with rows: a shard is empty if all its items were left out.
  private var shards: [Int] { manifest.rows.indices.filter { manifest.rows[$0] > 0 } }

  private func shard(of position: Int) -> Int {
    precondition(0..<count ~= position, "row \(position) of \(count)")
    var (low, high) = (0, manifest.rows.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if starts[middle] <= position { low = middle } else { high = middle - 1 }
    }
    return low
  }

  private func inFile<R>(_ index: Int, _ body: (HDF5File) throws -> R) throws -> R {
    if let open, open.index == index { return try body(open.file) }
    let file = try HDF5File.open(Self.shard(path, index))
    open = (index, file)
    return try body(file)
  }
}
