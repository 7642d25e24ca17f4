import Tensors

/// Ctrl-C or SIGTERM ended the work. Exit code 75.
public struct Interrupted: ExitCoded, CustomStringConvertible {
  /// What was saved, and how to continue.
  public let description: String
  public var exitCode: Int32 { 75 }

  public init(_ description: String) { self.description = description }
}

extension Signals {
  /// - Throws: `Interrupted` with this message after Ctrl-C or SIGTERM, if `listen` was called.
  public static func check(_ message: String) throws {
    if isRequested { throw Interrupted(message) }
  }
}
