import Foundation
import Tensors

/// Writes a file so that readers see either the old or the new content, never a part.
///
/// The bytes go to a temporary file in the same folder (a rename works only within one file system), are flushed to
/// disk, and get the final name in one step. After any error, and after a crash, the previous file is still there. A
/// crash can leave a temporary file; its name starts with a dot and ends in `.partial`.
public enum AtomicFile {
  /// Replaces the file at `path` with `data`.
  ///
  /// - Throws: `Failure`: `.missing` if the folder does not exist, `.io` if the disk is full.
  public static func write(_ data: Data, to path: String) throws {
    try write(to: path) { temporary in
      let file = try OutputFile(creating: temporary)
      try file.append(data)
      try file.close()
    }
  }

  /// Replaces the file at `path` with the one that `body` makes.
  ///
  /// - Parameter body: gets a path at which nothing exists yet, and must leave a complete, closed file there.
  /// - Throws: the errors of `body`, naming `path` in place of the temporary file, or `Failure`.
  @discardableResult
  public static func write<Result>(to path: String, _ body: (_ temporary: String) throws -> Result) throws -> Result {
    let temporary = temporaryPath(for: path)
    do {
      let result = try body(temporary)
      try synchronize(temporary, "cannot flush the file")
      if rename(temporary, path) != 0 {
        throw Failure.system(errno, "cannot move the new file into its place", path: path)
      }
      try synchronize(folder(of: path), "cannot flush the folder")
      return result
    } catch {
      unlink(temporary)
      guard var named = error as? Failure else { throw error }
      named.place = named.place.replacingOccurrences(of: temporary, with: path)
      named.problem = named.problem.replacingOccurrences(of: temporary, with: path)
      throw named
    }
  }

  /// Throws early the error that `write` would throw at the end of long work: if the folder is not writable, or a
  /// folder is at `path`.
  public static func checkWritable(_ path: String) throws {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw Failure.system(EISDIR, "cannot write the file", path: path)
    }
    let temporary = temporaryPath(for: path)
    do {
      try OutputFile(creating: temporary).close()
    } catch var error as Failure {
      error.place = path
      throw error
    }
    unlink(temporary)
  }

  private static func synchronize(_ path: String, _ action: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw Failure.system(errno, action, path: path) }
    defer { _ = Foundation.close(descriptor) }
    // Some network file systems have no fsync for folders and return EINVAL: the rename has happened all the same.
    if fsync(descriptor) != 0, errno != EINVAL { throw Failure.system(errno, action, path: path) }
  }

  private static func folder(of path: String) -> String {
    let folder = (path as NSString).deletingLastPathComponent
    return folder.isEmpty ? "." : folder
  }

  private static func temporaryPath(for path: String) -> String {
    let name = (path as NSString).lastPathComponent
    let unique = "\(getpid())-\(String(UInt32.random(in: 0 ... .max), radix: 16))"
    return "\(folder(of: path))/.\(name.prefix(100)).\(unique).partial"
  }
}
