extension Catalog {
  /// A plugin as it appears in lists and reference pages.
  public struct Entry {
    /// "objective", "backbone", "reward"...
    public let kind: String
    public let name: String
    public let summary: String
    public let settings: [Setting]
  }

  /// The settings that every recipe has.
  public var recipe: Entry {
    Entry(kind: "recipe", name: "recipe", summary: "The keys of every recipe", settings: Recipe.ownSettings(self))
  }

  /// All plugins, kind by kind.
  public var entries: [Entry] {
    entries("objective", objectives) + entries("backbone", backbones) + entries("new teacher", pretrainable)
      + entries("reward", rewards) + entries("data", data) + entries("features", features)
      + entries("classifier", classifiers) + entries("autoencoder", autoencoders)
  }

  private func entries<Product>(_ kind: String, _ plugins: [Plugin<Product>]) -> [Entry] {
    plugins.map { Entry(kind: kind, name: $0.name, summary: $0.summary, settings: $0.settings(in: self)) }
  }
}
