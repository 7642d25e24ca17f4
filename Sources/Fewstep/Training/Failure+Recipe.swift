import Tensors

extension Failure {
  /// Reports parts of a recipe that do not fit together, at the position of `key`.
  public init(_ recipe: Recipe, _ key: String, _ problem: String) {
    self.init(.malformed, at: "\(recipe.place(of: key)): \(key)", problem)
  }
}
