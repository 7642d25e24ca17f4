import Foundation
import Tensors

/// A data set in a folder of HDF5 files (shards), each with the next rows of the same datasets, and a manifest.json that is
/// written last: a folder without it is not finished. Made by `ShardWriter`, which can be stopped and called again.
public final class ShardFolder {
  /// What all shards have in common, and what the folder says of itself.
  public struct Manifest: Codable, Equatable, Sendable {
    public static let currentVersion = 1

    public var version = currentVersion
    /// What the rows are: "prompts", "latents".
    public var kind: String
    /// What the rows were made with: models by hash, sizes, factors.
    public var fingerprint: Fingerprint
    /// Rows of each shard, in order.
    public var rows: [Int]
    /// The names of what was left out, as `fewstep prepare images --skip-bad` does; nil where nothing was.
    public var skipped: [String]?
  }

  public let path: String
  public let manifest: Manifest
  public let count: Int
  private let starts: [Int]
  private var open: (index: Int, file: HDF5File)?

  /// - Parameter kind: what the rows must be.
  /// - Throws: `Failure` where the folder is not one, is not finished, or lacks a shard.
  public init(_ path: String, kind: String) throws {
    let place = Self.manifest(path)
    guard FileManager.default.fileExists(atPath: place) else {
      throw Failure(
        .missing, at: path, "the folder has no manifest.json",
        expected: "a finished folder of \(kind) made by `fewstep prepare`",
        advice: "Where `fewstep prepare` was cut off, call it again: it goes on.")
    }
    do { manifest = try Self.readManifest(path) } catch {
      throw Failure(.malformed, at: place, "it cannot be read", advice: "Call `fewstep prepare` again.")
    }
    guard manifest.version == Manifest.currentVersion, manifest.kind == kind else {
      throw Failure(
        .malformed, at: place, expected: "\(kind), version \(Manifest.currentVersion)",
        got: "\(manifest.kind), version \(manifest.version)")
    }
    for index in manifest.rows.indices where !FileManager.default.fileExists(atPath: Self.shard(path, index)) {
      throw Failure(
        .missing, at: Self.shard(path, index), "a shard that manifest.json speaks of is not there",
        advice: "Call `fewstep prepare` again: it makes what is missing.")
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

  /// Rows [positions.count, ...] of a dataset, in the order of the positions.
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

  /// A dataset of the first shard, for what belongs to the whole folder.
  public func shared(_ name: String) throws -> Tensor { try inFile(shards.first ?? 0) { try $0.read(name) } }

  /// All texts of a dataset.
  public func texts(_ name: String) throws -> [String] {
    try shards.flatMap { shard in try inFile(shard) { try $0.texts(name) } }
  }

  /// The shape of a dataset's rows.
  public func rowShape(_ name: String) throws -> [Int] {
    try inFile(shards.first ?? 0) { Array(try $0.dataset(name).shape.dropFirst()) }
  }

  /// Those that hold rows: one whose rows were all left out holds nothing.
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
