/// The parts of a package that depend on the kind of plugin.
protocol PluginTemplate {
  var name: PackageName { get }
  /// "objective", as in recipes.
  var kind: String { get }
  /// One sentence for the README.
  var summary: String { get }
  /// Products of Fewstep that its test imports.
  var testProducts: [String] { get }
  var source: String { get }
  var test: String { get }
  var recipe: String { get }
}

extension PluginTemplate {
  /// The common sections of the recipes: a one-step student that trains in seconds, and its scores.
  static var training: String {
    """
    matching:
      guidance: 1.5

    student:
      steps: [1]
      learning-rate: 2e-3
      learning-rate-schedule: cosine
      ema: {decay: 0.99}

    fake-teacher:
      learning-rate: 2e-3
      learning-rate-schedule: cosine

    training:
      steps: 300
      batch: 128

    evaluation:
      samples: 500
      features: {kind: mixture}
      reference: {kind: mixture}
    """
  }
}
