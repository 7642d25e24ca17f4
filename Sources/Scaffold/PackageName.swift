import Fewstep
import Tensors

/// The name of a package and its plugin, and its Swift spelling: "soft-matching" becomes the type and module
/// `SoftMatching`.
struct PackageName {
  let text: String
  let type: String

  /// - Parameter plugins: names that are taken.
  /// - Throws: `Failure` for a name that is not valid in a recipe or a Swift package.
  init(_ text: String, besides plugins: [String]) throws {
    func refused(_ reason: String) -> Failure { Failure(.usage, at: "the name '\(text)'", reason) }
    guard text.wholeMatch(of: #/[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*/#) != nil else {
      throw refused("expected letters and digits with single hyphens between them, beginning with a letter")
    }
    self.text = text
    type = text.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    // Compared in Swift's spelling, too, which names the plugin's module.
    let known = plugins.map { $0.replacing("-", with: "").lowercased() }
    guard !known.contains(type.lowercased()), !known.contains(where: { $0 + "reward" == type.lowercased() }) else {
      throw refused("a plugin of Fewstep has this name; `fewstep plugins` lists them")
    }
    guard !Self.keywords.contains(text), !Self.keywords.contains(type) else {
      throw refused("it is a keyword of Swift")
    }
    let clash = Self.taken.first { $0.lowercased() == type.lowercased() }
    if let clash { throw refused("it would hide `\(clash)` of Fewstep or Swift in the plugin's sources") }
  }

  private static let keywords: Set<String> = [
    "Any", "Protocol", "Self", "Type", "actor", "as", "associatedtype", "async", "await", "break", "case", "catch",
    "class",
    "continue", "default", "defer", "deinit", "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate",
    "for", "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "macro", "nil", "open",
    "operator", "private", "protocol", "public", "repeat", "rethrows", "return", "self", "some", "static", "struct",
    "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias", "var", "where", "while",
  ]

  /// Fewstep's modules, and types that plugins and their tests use.
  private static let taken = [
    "ArgumentParser", "Evaluation", "Fewstep", "FewstepCLI", "FewstepMain", "Foundation", "Networks", "ObjectiveChecks",
    "Files", "Media", "Processes", "Encoders", "Shipped", "Swift", "Tensors", "Testing", "XCTest",
    "Array", "Backbone", "Bool", "TrainingComponents", "Catalog", "Condition", "Denoiser", "Device", "Double",
    "Embedding", "Error",
    "FakeTeacher", "FewstepCommand", "Float", "Int", "Linear", "Loss", "Main", "Matching", "MatchingObjective",
    "Network",
    "Noise", "NoiseSchedule", "Optional", "ParameterStore", "Plugin", "PluginContext", "Prediction", "Recipe",
    "RectifiedFlow", "Result", "RewardProxy", "SampleGenerator", "Scene", "GroupAdvantage", "Set", "SettingsReader",
    "String",
    "Student", "Teacher", "Tensor", "Trainer", "URL",
  ]
}
