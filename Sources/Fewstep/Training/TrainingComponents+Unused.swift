extension TrainingComponents {
  /// Sections of the recipe that have no effect on training, because the objective does not use them.
  public func unusedSections(of recipe: Recipe) -> [String] {
    [
      ("reward", reward != nil && objective.groupAdvantage == nil && recipe.rewardWeight == 0),
      ("data", data != nil && !objective.needs.contains(.data)),
      ("training.pairs", pairs != nil && !objective.needs.contains(.pairs)),
    ].filter(\.1).map(\.0)
  }
}
