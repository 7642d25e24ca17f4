import Foundation
import Tensors

/// The free space of a disk.
public enum DiskSpace {
  /// The bytes that this user may still write at `path`, which need not exist yet: its nearest existing folder is used.
  ///
  /// - Throws: `Failure` of kind `.io` if the system does not report it.
  public static func available(at path: String) throws -> Int {
    var folder = path.isEmpty ? "." : path
    while access(folder, F_OK) != 0 {
      let parent = (folder as NSString).deletingLastPathComponent
      if parent == folder { break }
      folder = parent.isEmpty ? "." : parent
    }
    var statistics = statvfs()
    if statvfs(folder, &statistics) != 0 {
      throw Failure.system(errno, "cannot ask for the free space", path: path)
    }
    return Int(clamping: UInt64(statistics.f_bavail) * UInt64(statistics.f_frsize))
  }
}
