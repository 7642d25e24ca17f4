/// The samples whose distribution is matched with the teacher's, of a student with several steps.
public enum MatchedSteps: String, Sendable, CaseIterable {
  /// Each update takes one of the steps at random, and one fake teacher learns what all of them make (DMD2, arXiv 2405.14867;
  /// Self-Forcing, arXiv 2506.08009). Their union is matched, and the last step pays for the faults of those before it.
  case all
  /// Each update takes the last step, whose samples are what a user gets.
  case last
  /// Each update takes one of the steps at random. The fake teacher and the discriminator are told which, so that each step's
  /// own distribution is matched (TDM, arXiv 2503.06674).
  case stepAware = "step-aware"

  /// The position in a list of `count` steps, for a number drawn uniformly from 0..<1.
  public func step(_ unit: Double, of count: Int) -> Int {
    self == .last ? count - 1 : min(Int(unit * Double(count)), count - 1)
  }

  /// The mean number of the student's passes that make a sample, the one with gradients included.
  public func meanPasses(_ count: Int) -> Double { self == .last ? Double(count) : Double(count + 1) / 2 }
}
