import Foundation

/// An error with the exit code of the command that it ends.
public protocol ExitCoded: Error {
  var exitCode: Int32 { get }
}

/// An error for the person who runs the command.
///
/// It prints as `place: problem; expected …, got …`, with advice on a second line.
public struct Failure: ExitCoded, Equatable, Sendable {
  /// The class of the failure. Its raw value is the command line's exit code, from BSD's sysexits.h.
  public enum Kind: Int32, Sendable {
    /// The command line asks for something that does not exist.
    case usage = 64
    /// The file, the recipe or the value exists but is invalid.
    case malformed = 65
    /// A required file, dataset, tensor or program does not exist.
    case missing = 66
    /// Training has diverged, or Fewstep or a plugin has a bug.
    case software = 70
    /// The system could not read or write: the disk is full, permission is denied.
    case io = 74
  }

  public var kind: Kind
  /// The file, with `:line:column` in YAML, a dataset's path in HDF5, or a tensor's name in safetensors.
  public var place: String
  /// The problem, without a final period. Empty if `expected` says it all.
  public var problem: String
  public var expected: String?
  public var got: String?
  /// Advice, in whole sentences.
  public var advice: String?

  public init(
    _ kind: Kind, at place: String, _ problem: String = "", expected: String? = nil, got: String? = nil,
    advice: String? = nil
  ) {
    self.kind = kind
    self.place = place
    self.problem = problem
    self.expected = expected
    self.got = got
    self.advice = advice
  }

  public var exitCode: Int32 { kind.rawValue }
}

extension Failure: CustomStringConvertible, LocalizedError {
  public var description: String {
    var comparison: [String] = []
    if let expected { comparison.append("expected \(expected)") }
    if let got { comparison.append("got \(got)") }
    let sentence = [problem, comparison.joined(separator: ", ")].filter { !$0.isEmpty }.joined(separator: "; ")
    let line = "\(place): \(sentence)"
    return advice.map { "\(line)\n  \($0)" } ?? line
  }

  public var errorDescription: String? { description }
}
