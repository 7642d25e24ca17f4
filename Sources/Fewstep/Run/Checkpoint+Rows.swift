import Files
import Foundation
import Networks
import Tensors

/// Checkpoints of which each rank writes and reads its rows.
extension Checkpoint {
  /// The folder of the ranks' files: "step-200.rows" beside "step-200.h5".
  static func rowsFolder(of path: String) -> String {
    (path.hasSuffix(".h5") ? String(path.dropLast(3)) : path) + ".rows"
  }

  /// Where the ranks' rows of a tensor are, as the checkpoint refers to them.
  ///
  /// - Parameter id: of this writing of the checkpoint, see `saveRows`.
  static func rows(of shard: Shard, at name: String, in path: String, _ id: String, over count: Int) -> [HDF5File.Piece]
  {
    let folder = URL(fileURLWithPath: rowsFolder(of: path)).lastPathComponent
    return (0..<count).map { rank in
      HDF5File.Piece(
        file: "\(folder)/\(id)-rank-\(rank).h5", path: "/\(name)", rows: shard.rows(ofRank: rank, of: count))
    }
  }

  /// Writes all ranks' rows, if there are any.
  ///
  /// - Returns: an ID that is in the files' names. A checkpoint that is written again, such as after a roll-back, has other files,
  ///   and the old ones serve until it is complete.
  static func saveRows(of trainer: Trainer, to path: String) throws -> String {
    guard trainer.isSharded else { return "" }
    let id = String(UInt32.random(in: 0 ... .max), radix: 16)
    try whereverRowsAre(trainer, trainer.checkpointRequests.save, "\(id) \(path)")
    try writeOwnRows(of: trainer, to: path, id)
    return id
  }

  /// Removes the rows of earlier writings.
  static func removeOtherRows(of path: String, than id: String) throws {
    let folder = rowsFolder(of: path)
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where !name.hasPrefix("\(id)-") {
      try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }

  fileprivate static func writeOwnRows(of trainer: Trainer, to path: String, _ id: String) throws {
    // Other copies have the same rows.
    if trainer.mesh.replicate.rank == 0 { try writeRows(of: trainer, to: path, id) }
    // The checkpoint refers to all files once all are there.
    _ = try trainer.collective.sum([1])
  }

  private static func writeRows(of trainer: Trainer, to path: String, _ id: String) throws {
    let folder = rowsFolder(of: path)
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch { throw Failure(.io, at: folder, "the folder cannot be made", advice: error.localizedDescription) }
    try HDF5File.write(to: "\(folder)/\(id)-rank-\(trainer.mesh.shard.rank).h5") { file in
      for part in trainer.state {
        for (name, tensor) in part.tensors where part.shards[name] != nil && tensor.count > 0 {
          try file.write(tensor.detached(), to: "\(part.group)/\(name)", layout: HDF5Layout(checksum: true))
        }
      }
    }
  }

  /// Tells the other ranks, while the first works alone, to do with their rows what it does with its own.
  static func whereverRowsAre(_ trainer: Trainer, _ request: Int?, _ path: String) throws {
    guard let request, trainer.collective.requests.isAlone else { return }
    try trainer.collective.request(request, text: path)
  }
}

extension CheckpointRequests {
  /// What the other ranks do with their rows.
  init(_ trainer: Trainer) {
    guard trainer.collective.count > 1, trainer.isSharded else { return }
    let collective = trainer.collective
    save = collective.register { [unowned trainer] in
      let parts = $0.split(separator: " ", maxSplits: 1).map(String.init)
      try Checkpoint.writeOwnRows(of: trainer, to: parts[1], parts[0])
    }
    load = collective.register { [unowned trainer] in try Checkpoint.load($0, into: trainer) }
    loadStudent = collective.register { [unowned trainer] in try Checkpoint.loadStudent($0, into: trainer) }
  }
}
