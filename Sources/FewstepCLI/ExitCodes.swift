import ArgumentParser
import Benchmarks
import Evaluation
import Fewstep
import Files
import Foundation
import Metrics
import Networks
import Reports
import Tensors

/// What the process says to scripts, after BSD's sysexits.h.
enum ExitCodes {
  static let usage: Int32 = 64
  static let invalid: Int32 = 65
  static let missing: Int32 = 66
  static let software: Int32 = 70
  static let io: Int32 = 74
  static let interrupted: Int32 = 75
  static let warned: Int32 = 76

  /// nil for errors that are not ours.
  static func code(of error: any Error) -> Int32? {
    switch error {
    case let error as any ExitCoded: error.exitCode
    case let error as CommandError: error.code
    case PlotError.notInstalled: missing
    case is PlotError: software
    default: nil
    }
  }
}

/// A command cannot do what it was asked.
struct CommandError: Error, CustomStringConvertible {
  let code: Int32
  let description: String

  init(_ code: Int32, _ description: String) {
    self.code = code
    self.description = description
  }
}

/// Refuses the value of an option that lies outside `range`, as wrong usage.
func require(_ option: String, _ value: Int?, in range: ClosedRange<Int>) throws {
  guard let value, !range.contains(value) else { return }
  throw ValidationError("\(option): expected \(range.lowerBound) to \(range.upperBound), got \(value)")
}

/// What options may ask for: no more than a recipe may.
enum Limits {
  static let seeds = 0...Int(UInt32.max)
  static let samples = 1...1_000_000
  static let samplerSteps = 1...100_000
}

extension Failure {
  /// Foundation's error of a file operation, in our words.
  init(_ error: CocoaError) {
    let path = error.filePath ?? error.url?.path ?? "a file"
    if let cause = error.underlying as NSError?, cause.domain == NSPOSIXErrorDomain {
      self = .system(Int32(cause.code), "cannot read or write", path: path)
    } else {
      let kind: Kind =
        switch error.code {
        case .fileNoSuchFile, .fileReadNoSuchFile: .missing
        case .fileReadCorruptFile, .fileReadInapplicableStringEncoding, .fileReadUnknownStringEncoding: .malformed
        default: .io
        }
      self.init(kind, at: path, error.localizedDescription)
    }
  }
}
