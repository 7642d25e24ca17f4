import CHDF5
import Foundation
import Tensors

/// All calls of libhdf5 go through here: one at a time, without printing, with failures as Swift errors.
///
/// Debian's library has its own lock and other builds have none. A sequence of calls that must not be interleaved needs
/// ours in any case.
enum HDF5Library {
  private static let lock = NSRecursiveLock()
  private static let isOpen = chdf5_open_library() >= 0

  /// Runs `body` while no other thread is inside the library. Calls may be nested.
  static func locked<R>(_ body: () throws -> R) rethrows -> R {
    lock.lock()
    defer { lock.unlock() }
    _ = isOpen
    // The error stack, and whether it is printed, are per thread.
    _ = chdf5_silence()
    return try body()
  }

  /// Returns a status, count or identifier, unless it is negative, which means that an HDF5 call failed.
  ///
  /// - Parameter kind: the kind of the error, if HDF5's messages do not indicate a full disk or a lock.
  @discardableResult
  static func check<Status: SignedInteger>(
    _ status: Status, _ action: String, at place: String, _ kind: Failure.Kind
  ) throws -> Status {
    if status < 0 { throw error(action, at: place, kind) }
    return status
  }

  /// Owns the identifier that `body` opens.
  static func own(
    _ close: @escaping HDF5ID.Close, _ action: String, at place: String, _ kind: Failure.Kind, _ body: () -> hid_t
  ) throws -> HDF5ID {
    HDF5ID(try check(body(), action, at: place, kind), close)
  }

  private static func error(_ action: String, at place: String, _ kind: Failure.Kind) -> Failure {
    translate(errorStack(), action, at: place, kind)
  }

  /// Makes an error from libhdf5's own messages, innermost first.
  static func translate(
    _ stack: [String], _ action: String, at place: String, _ kind: Failure.Kind
  ) -> Failure {
    let reason = stack.first ?? "no reason given"
    if stack.contains(where: { $0.contains("unable to lock file") }) {
      return inUse(action, at: place)
    }
    if stack.contains(where: { $0.contains("SWMR") || $0.contains("already open for write") }) {
      return Failure(
        .io, at: place, "\(action): \(reason)",
        advice: "A process is writing it, or was killed while it did. In the first case wait or open it as "
          + "`.whileBeingWritten` (h5py: swmr=True); in the second recover it (`HDF5File.recover`, or the program h5clear -s)."
      )
    }
    for description in stack {
      guard let mark = description.range(of: "errno = ") else { continue }
      let code = Int32(description[mark.upperBound...].prefix { $0.isNumber }) ?? 0
      if code != 0 { return .system(code, action, path: place, creates: kind == .io) }
    }
    let isTruncated = reason.contains("truncated file") || reason.contains("addr overflow")
    return Failure(
      isTruncated ? .malformed : kind, at: place, "\(action): \(reason)",
      advice: isTruncated ? "The file is shorter than it should be: its writing or copying was cut short." : nil)
  }

  /// Opens a file, and retries for a fifth of a second if it is in use: a child process inherits the locks of its
  /// parent's open files, and holds them until it has started its program.
  static func patiently<Opened>(_ open: () throws -> Opened) throws -> Opened {
    for _ in 0..<10 {
      do { return try open() } catch let failure as Failure where failure.problem.hasSuffix(inUse) { usleep(20_000) }
    }
    return try open()
  }

  private static let inUse = "another process, or this one, has the file open"

  static func inUse(_ action: String, at place: String) -> Failure {
    Failure(
      .io, at: place, "\(action): \(inUse)",
      advice: "Wait until it is closed. On a file system without locks, set HDF5_USE_FILE_LOCKING=FALSE.")
  }

  private static func errorStack() -> [String] {
    var descriptions: [String] = []
    withUnsafeMutablePointer(to: &descriptions) { list in
      _ = chdf5_walk_errors(
        { _, entry, context in
          if let message = entry?.pointee.desc {
            context?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: message))
          }
          return 0
        }, list)
    }
    return descriptions
  }
}
