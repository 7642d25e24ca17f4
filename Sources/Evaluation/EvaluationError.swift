import Foundation

/// Why a measure has no value, or a picture cannot be drawn.
public enum EvaluationError: Error, Equatable, Sendable {
  /// `what` is the set that is too small: "real features".
  case tooFewSamples(measure: String, what: String, needed: Int, got: Int)
  case shape(measure: String, expected: String, got: [Int])
  /// `what` contains a NaN or an infinity: the run has diverged, or its features overflowed.
  case notFinite(measure: String, what: String)
  /// A number that makes no sense, such as a class beyond the classifier's.
  case value(measure: String, expected: String, got: String)
}

extension EvaluationError: CustomStringConvertible, LocalizedError {
  public var description: String {
    switch self {
    case .tooFewSamples(let measure, let what, let needed, let got):
      "\(measure): too few \(what); expected at least \(needed), got \(got)"
    case .shape(let measure, let expected, let got): "\(measure): expected \(expected), got \(got)"
    case .notFinite(let measure, let what): "\(measure): the \(what) are not all finite"
    case .value(let measure, let expected, let got): "\(measure): expected \(expected), got \(got)"
    }
  }

  public var errorDescription: String? { description }
}
