import Tensors

extension Failure {
  /// Parts of a recipe that do not fit together, at the place of `key`.
  public init(_ recipe: Recipe, _ key: String, _ problem: String) {
    self.init(.malformed, at: "\(recipe.place(of: key)): \(key)", problem)
  }
}
