import Foundation

extension Failure {
  /// The error for a failed system call.
  ///
  /// - Parameters:
  ///   - code: `errno`, read before anything else could change it.
  ///   - action: the attempted action, as in "cannot write the file".
  ///   - path: the file or folder concerned.
  ///   - creates: whether it makes a file, whose folder may be missing.
  public static func system(_ code: Int32, _ action: String, path: String, creates: Bool = false) -> Failure {
    let reason = String(cString: strerror(code))
    let problem = "\(action): \(reason.prefix(1).lowercased() + reason.dropFirst())"
    return switch code {
    case ENOENT, ENOTDIR:
      Failure(
        .missing, at: path, problem, advice: creates ? "Check the path, or make the folder first." : "Check the path.")
    case ENOSPC, EDQUOT:
      Failure(
        .io, at: path, problem,
        advice: "Free some space or choose a folder on another disk. What was there before is unchanged.")
    case EFBIG:
      Failure(
        .io, at: path, problem,
        advice: "The file system or `ulimit -f` forbids a file of this size. What was there before is unchanged.")
    case EACCES, EPERM, EROFS:
      Failure(.io, at: path, problem, advice: "Check who owns the file and its folder, and their permissions.")
    case EMFILE, ENFILE:
      Failure(.io, at: path, problem, advice: "Too many files are open. Raise `ulimit -n`.")
    default:
      Failure(.io, at: path, problem)
    }
  }
}
