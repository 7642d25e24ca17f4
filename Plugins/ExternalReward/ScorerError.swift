/// What went wrong with an external scorer, in words.
struct ScorerError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
