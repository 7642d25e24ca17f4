import Foundation

/// Something that looks wrong with a run, and what was done about it.
public struct Warning: Codable, Equatable, Sendable, CustomStringConvertible {
  /// What is monitored. Where a probe is judged, its value has to be past the threshold at two probes in a row.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// Distance of the samples' mean from the teacher's, in the teacher's spread.
    case meanShift = "mean-shift"
    /// Spread of the samples, or its inverse if that is larger, in the teacher's.
    case std
    /// Mean distance between samples of one prompt, as a share of the teacher's: wrong below its threshold.
    case diversity
    /// The fake teacher's error on samples it has not seen, in that on those it has just learnt from.
    case fakeTeacherGap = "fake-teacher-gap"
    /// A gradient's norm, in the median of the last hundred.
    case gradientNorm = "gradient-norm"
    /// A loss, a gradient or a sample is not a number any more.
    case notFinite = "not-finite"
    /// Gain in the training reward minus the mean gain in the held-out rewards'.
    case goodhartGap = "goodhart-gap"
  }

  public enum Action: String, Codable, Sendable {
    case warned, saved, stopped
    case rolledBack = "rolled-back"
  }

  public let kind: Kind
  /// Steps done when it was seen.
  public let step: Int
  public let value: Double
  public let threshold: Double
  /// What is added to the kind: whose gradient, which loss.
  public let detail: String
  public internal(set) var action = Action.warned
  /// Where a run that was rolled back went on.
  public internal(set) var from: Int?

  public var description: String {
    let numbers = kind == .notFinite ? "" : String(format: ": %.3g, threshold %.3g", value, threshold)
    return "at step \(step): \(kind.words)\(detail.isEmpty ? "" : " (\(detail))")\(numbers). "
      + "Usually: \(kind.cause). Try: \(kind.advice)." + consequence
  }

  private var consequence: String {
    switch action {
    case .warned: ""
    case .saved: " A checkpoint of this step is kept."
    case .stopped: " The run stops here."
    case .rolledBack: " Back to step \(from ?? 0), with half the learning rates."
    }
  }
}

extension Warning.Kind {
  /// What has happened.
  public var words: String {
    switch self {
    case .meanShift: "the mean of the student's samples has left the teacher's"
    case .std: "the student's samples spread otherwise than the teacher's"
    case .diversity: "the student's samples of one prompt have become alike"
    case .fakeTeacherGap: "the fake teacher does not keep up with the student"
    case .gradientNorm: "a gradient has exploded"
    case .notFinite: "training has diverged"
    case .goodhartGap: "the training reward gains and the held-out ones do not"
    }
  }

  /// What it usually means.
  public var cause: String {
    switch self {
    case .meanShift: "the student follows the condition or the reward away from the data"
    case .std: "the student is leaving the data, or contracts to its centre"
    case .diversity: "mode collapse: the student makes the same sample from every noise"
    case .fakeTeacherGap:
      "the student moves faster than the fake teacher learns, so that repulsion comes from where it was"
    case .gradientNorm: "a batch far outside of what the teachers know, or a step too large before it"
    case .notFinite: "learning rates too large, or an overflow in half precision"
    case .goodhartGap: "the student exploits the reward"
    }
  }

  public var advice: String {
    switch self {
    case .meanShift: "less guidance (matching.guidance), a lower sensitivity, a lower student.learning-rate"
    case .std: "a lower student.learning-rate, more fake-teacher.updates"
    case .diversity: "more fake-teacher.updates, less guidance, a lower sensitivity, a GAN term"
    case .fakeTeacherGap:
      "more fake-teacher.updates, or a higher fake-teacher.learning-rate, or a lower student.learning-rate"
    case .gradientNorm: "a gradient-limit for both roles, a lower learning rate"
    case .notFinite: "lower learning rates, a gradient-limit; monitor.policy roll-back tries that by itself"
    case .goodhartGap:
      "a lower sensitivity, a longer interval between evaluations, another reward, an earlier checkpoint"
    }
  }
}
