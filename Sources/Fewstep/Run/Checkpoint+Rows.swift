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

  private static func rowsFile(_ rank: Int, of path: String) -> String { "\(rowsFolder(of: path))/rank-\(rank).h5" }

  /// Where the ranks' rows of a tensor are, as the checkpoint refers to them.
  static func rows(of shard: Shard, at name: String, in path: String, over count: Int) -> [HDF5File.Piece] {
    let folder = URL(fileURLWithPath: rowsFolder(of: path)).lastPathComponent
    return (0..<count).map { rank in
      HDF5File.Piece(file: "\(folder)/rank-\(rank).h5", path: "/\(name)", rows: shard.rows(ofRank: rank, of: count))
    }
  }

  /// Writes all ranks' rows, if there are any.
  static func saveRows(of trainer: Trainer, to path: String) throws {
    guard trainer.isSharded else { return }
    try whereverRowsAre(trainer, trainer.checkpointRequests.save, path)
    try writeOwnRows(of: trainer, to: path)
  }

  fileprivate static func writeOwnRows(of trainer: Trainer, to path: String) throws {
    let folder = rowsFolder(of: path)
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch { throw Failure(.io, at: folder, "the folder cannot be made", advice: error.localizedDescription) }
    try HDF5File.write(to: rowsFile(trainer.collective.rank, of: path)) { file in
      try file.setAttribute("step", .integer(Int64(trainer.stepCount)))
      for part in trainer.state {
        for (name, tensor) in part.tensors where part.shards[name] != nil && tensor.count > 0 {
          try file.write(tensor.detached(), to: "\(part.group)/\(name)", layout: HDF5Layout(checksum: true))
        }
      }
    }
    // The checkpoint refers to all files once all are there.
    _ = try trainer.collective.sum([1])
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
    save = collective.register { [unowned trainer] in try Checkpoint.writeOwnRows(of: trainer, to: $0) }
    load = collective.register { [unowned trainer] in try Checkpoint.load($0, into: trainer) }
    loadStudent = collective.register { [unowned trainer] in try Checkpoint.loadStudent($0, into: trainer) }
  }
}
