import Tensors

extension Failure {
  private static let unnamed = "scorer"

  /// What went wrong with a scorer whose name is not at hand; `naming` adds it.
  static func scorer(_ problem: String) -> Failure { Failure(.software, at: unnamed, problem) }

  func naming(_ scorer: String) -> Failure {
    var failure = self
    if place == Self.unnamed { failure.place = "the scorer \(scorer)" }
    return failure
  }
}
