import Foundation
import Tensors

/// Hashes of large weight files, kept from one start of the program to the next: to hash a text encoder of 11 GB takes longer than to
/// begin a run.
///
/// A hash lies under a name made of each file's path, size, inode, and times of modification and of change. The last one no
/// program can set, so a file that was written or replaced is hashed again.
struct DigestCache {
  /// ~/.cache/fewstep/digests, or the same below XDG_CACHE_HOME. Removing it costs nothing but time.
  static let shared = DigestCache(
    folder: (ProcessInfo.processInfo.environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
      ?? NSHomeDirectory() + "/.cache") + "/fewstep/digests")

  let folder: String
  /// The size in bytes from which on hashes are kept.
  var least = 256 << 20

  /// - Parameters:
  ///   - files: that hold the tensors.
  ///   - names: of the tensors, as the digest has them.
  func digest(of files: [String], names: [String], _ compute: () throws -> String) rethrows -> String {
    guard let key = key(files, names) else { return try compute() }
    let path = "\(folder)/\(key)"
    if let kept = try? String(contentsOfFile: path, encoding: .utf8), !kept.isEmpty { return kept }
    let digest = try compute()
    // Without a place for it, the next start hashes again. Nor does a hash count if a file was changed meanwhile.
    if self.key(files, names) == key {
      try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try? AtomicFile.write(Data(digest.utf8), to: path)
    }
    return digest
  }

  /// nil if the files are small, or one cannot be examined.
  private func key(_ files: [String], _ names: [String]) -> String? {
    var parts = [String]()
    var size = 0
    for file in files {
      var status = stat()
      let path = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
      guard stat(path, &status) == 0 else { return nil }
      size += Int(status.st_size)
      parts.append(
        "\(path) \(status.st_size) \(status.st_ino) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) "
          + "\(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)")
    }
    return size < least ? nil : SHA256.hash(parts.sorted() + names.sorted())
  }
}
