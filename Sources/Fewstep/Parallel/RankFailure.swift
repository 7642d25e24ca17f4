import Processes
import Tensors

/// What a rank leaves in the store when it ends because of an error.
struct RankFailure {
  static let key = "failure"

  let rank: Int
  private let code: Int32
  private let message: String

  /// What is there; nil if no rank has failed.
  init?(in store: ProcessStore) throws {
    guard try store.has(Self.key), let text = try store.value(Self.key, within: 1) else { return nil }
    let lines = text.split(separator: "\n", maxSplits: 2).map(String.init)
    guard lines.count == 3, let rank = Int(lines[0]), let code = Int32(lines[1]) else { return nil }
    (self.rank, self.code, message) = (rank, code, lines[2])
  }

  /// Leaves an error there, unless another rank's is there already: the first is the reason of the others.
  static func tell(_ error: any Error, of rank: Int, in store: ProcessStore) {
    guard (try? store.has(key)) != true else { return }
    let code = (error as? any ExitCoded)?.exitCode ?? Failure.Kind.software.rawValue
    try? store.set(key, "\(rank)\n\(code)\n\(error)")
  }

  /// The error for the other ranks, with the same exit code: Ctrl-C to one rank ends all.
  ///
  /// - Parameter name: the failed rank's.
  func error(of name: String) -> any ExitCoded {
    let interrupted = Interrupted("\(name): \(message)")
    return code == interrupted.exitCode
      ? interrupted : Failure(Failure.Kind(rawValue: code) ?? .software, at: name, message)
  }
}
