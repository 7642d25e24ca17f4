import Foundation

/// A likely problem in a run, and the run's response to it.
public struct Warning: Codable, Equatable, Sendable, CustomStringConvertible {
  /// The monitored quantities. A value of the fixed batch has to be past its threshold twice in a row.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// Distance of the samples' mean from the teacher's, in units of the teacher's standard deviation.
    case meanShift = "mean-shift"
    /// The samples' standard deviation divided by the teacher's, or the inverse if that is larger.
    case std
    /// Mean distance between samples of one prompt, as a share of the teacher's. It warns below its threshold.
    case diversity
    /// The distance of the mean pixel value from the teacher's samples', as a share of the range from black to white.
    case brightness
    /// The share of pixel values that are white, as a multiple of that of the teacher's samples.
    case saturation
    /// The fake teacher's error on unseen samples divided by its error on the samples it just trained on.
    case fakeTeacherGap = "fake-teacher-gap"
    /// Gradient norm, as a multiple of the median of the last 100.
    case gradientNorm = "gradient-norm"
    /// A loss, a gradient or a sample is not finite.
    case notFinite = "not-finite"
    /// Gain in the training reward minus the mean gain in the held-out rewards.
    case goodhartGap = "goodhart-gap"
  }

  public enum Action: String, Codable, Sendable {
    case warned, saved, stopped
    case rolledBack = "rolled-back"
  }

  public let kind: Kind
  /// The number of steps done when the problem was seen.
  public let step: Int
  public let value: Double
  public let threshold: Double
  /// Details: which role's gradient, which loss.
  public let detail: String
  public internal(set) var action = Action.warned
  /// The step that a run was rolled back to.
  public internal(set) var from: Int?

  public var description: String {
    let numbers = kind == .notFinite ? "" : String(format: ": %.3g, threshold %.3g", value, threshold)
    return "at step \(step): \(kind.message)\(detail.isEmpty ? "" : " (\(detail))")\(numbers). "
      + "Usually: \(kind.cause). Try: \(kind.advice)." + consequence
  }

  private var consequence: String {
    switch action {
    case .warned: ""
    case .saved: " A checkpoint of this step is kept."
    case .stopped: " The run stops here."
    case .rolledBack: " The run returns to step \(from ?? 0), with half the learning rates."
    }
  }
}

extension Warning.Kind {
  /// A sentence that describes the problem.
  public var message: String {
    switch self {
    case .meanShift: "the mean of the student's samples has left the teacher's"
    case .std: "the student's samples have another standard deviation than the teacher's"
    case .diversity: "the student's samples of one prompt have become similar"
    case .brightness: "the student's samples are brighter or darker than the teacher's"
    case .saturation: "many more of the student's pixels are clipped to white than of the teacher's"
    case .fakeTeacherGap: "the fake teacher does not keep up with the student"
    case .gradientNorm: "a gradient has exploded"
    case .notFinite: "training has diverged"
    case .goodhartGap: "the training reward gains and the held-out ones do not"
    }
  }

  /// The usual cause.
  public var cause: String {
    switch self {
    case .meanShift: "the student follows the condition or the reward away from the data"
    case .std: "the student is leaving the data, or contracts to its centre"
    case .diversity: "mode collapse: the student makes the same sample from every noise"
    case .brightness, .saturation:
      "the last step makes up for blurred samples of those before it, or the guidance is too strong"
    case .fakeTeacherGap:
      "the student moves faster than the fake teacher learns, which then pushes it away from where it was"
    case .gradientNorm: "a batch far from what the teachers know, or too large a step before it"
    case .notFinite: "learning rates too large, or an overflow in half precision"
    case .goodhartGap: "the student exploits the reward"
    }
  }

  public var advice: String {
    switch self {
    case .meanShift: "less guidance (matching.guidance), a lower sensitivity, a lower student.learning-rate"
    case .std: "a lower student.learning-rate, more fake-teacher.updates"
    case .diversity: "more fake-teacher.updates, less guidance, a lower sensitivity, a GAN term"
    case .brightness, .saturation: "matching.steps last or step-aware, less guidance (matching.guidance)"
    case .fakeTeacherGap:
      "more fake-teacher.updates, or a higher fake-teacher.learning-rate, or a lower student.learning-rate"
    case .gradientNorm: "a gradient-limit for both roles, a lower learning rate"
    case .notFinite: "lower learning rates, a gradient-limit; monitor.policy roll-back tries that by itself"
    case .goodhartGap:
      "a lower sensitivity, a longer interval between evaluations, another reward, an earlier checkpoint"
    }
  }
}
