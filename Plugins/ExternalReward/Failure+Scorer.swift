import Tensors

extension Failure {
  private static let unnamed = "scorer"

  /// An error of a scorer whose name is not known here; `naming` adds it.
  static func scorer(_ problem: String) -> Failure { Failure(.software, at: unnamed, problem) }

  func naming(_ scorer: String) -> Failure {
    guard place == Self.unnamed else { return self }
    var failure = self
    (failure.place, failure.problem) = ("external reward", "the scorer \(scorer): \(problem)")
    return failure
  }
}
