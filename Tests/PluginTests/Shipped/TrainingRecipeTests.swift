import Files
import Foundation
import Shipped
import TestSupport
import Testing

@testable import Fewstep

/// Shipped recipes, including those for teachers and classifiers.
@Suite struct TrainingRecipeTests {
  /// The recipes' folder.
  static let folder = "\(Repository.root)/recipes"

  static var shipped: [String] {
    (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
      .filter { $0.hasSuffix(".yaml") }.sorted()
  }

  /// Reads a recipe as its command would.
  private func read(_ node: YAMLNode) throws {
    let keys = try node.mapping().map(\.name)
    if keys.contains("sweep") {
      _ = try Sweep(node, catalog: Catalog.shipped())
    } else if keys.contains("objective") {
      _ = try Recipe(node, catalog: Catalog.shipped())
    } else if keys.contains("autoencoder") {
      _ = try AutoencoderRecipe(node, catalog: Catalog.shipped())
    } else if keys.contains("classifier") {
      _ = try ClassifierRecipe(node, catalog: Catalog.shipped())
    } else {
      _ = try TeacherRecipe(node, catalog: Catalog.shipped())
    }
  }

  @Test(arguments: shipped)
  func `A recipe that is shipped can be read`(_ name: String) throws {
    try read(Recipe.node("\(Self.folder)/\(name)"))
  }

  @Test func `There are shipped recipes of every sort`() {
    for name in [
      "quickstart.yaml", "fashion-mnist/teacher.yaml", "fashion-mnist/reward.yaml", "mixture/amd.yaml",
      "glyphs/autoencoder.yaml",
    ] {
      #expect(Self.shipped.contains(name))
    }
  }

  @Test(arguments: ["fashion-mnist/teacher.yaml", "fashion-mnist/reward.yaml", "glyphs/autoencoder.yaml"])
  func `A mistake in a teacher's or a classifier's recipe is named at its place`(_ name: String) throws {
    let node = try YAMLNode.load(path: "\(Self.folder)/\(name)")
    func problems(_ changed: YAMLNode) throws -> [RecipeProblem] {
      let error = #expect(throws: RecipeError.self) { try read(changed) }
      return error?.problems ?? []
    }
    let key = try node.entry(["training", "batch"]).key.position
    let misspelt = try problems(
      node.changing(["training", "batch"]) {
        YAMLNode.Entry(key: YAMLNode(.scalar("bacth", .plain), at: $0.key.position), value: $0.value)
      })
    #expect(
      misspelt.map(\.description) == ["\(key): unknown key 'training.bacth'. Did you mean 'batch'?"], "\(misspelt)")
    for (path, text, words) in [
      (["training", "batch"], "many", "expected a whole number, got 'many'"),
      (["training", "batch"], "0", "0 is out of range (1 to 1000000)"),
      (["training", "steps"], "9223372036854775807", "is out of range (1 to 1000000000)"),
      (["training", "learning-rate"], "-1", "-1 is out of range (>= 0)"),
      (["seed"], "9223372036854775807", "is out of range (0 to 4294967295)"),
      (["name"], "a/b", "names no folder"), (["data", "kind"], "idy", "Did you mean 'idx'?"),
      (["output"], "[1]", "expected"),
    ] {
      let found = try problems(node.setting(path, to: text))
      let place = try node.entry(path).value.position
      let expected = "\(place): \(path.joined(separator: ".")): "
      #expect(found.count == 1, "\(found)")
      #expect(
        found.first?.description.hasPrefix(expected) == true && found.first?.message.contains(words) == true, "\(found)"
      )
    }
    #expect(
      try problems(node.changing(["training", "steps"]) { _ in nil }).map(\.message) == [
        "the key 'training.steps' is missing"
      ])
  }

  @Test func `A classifier without convolutions is refused`() throws {
    let s = try settings("channels: []")
    _ = try #require(Catalog.shipped().classifiers.first).read(s)
    #expect { try s.finish() } throws: { "\($0)".contains("channels: expected 1 to 32 numbers") }
  }

  @Test func `Whole numbers have 32 bits, whatever a plugin declares`() throws {
    for (text, isAllowed) in [("4294967295", true), ("4294967296", false), ("-4294967296", false), ("0", false)] {
      let s = try settings("count: \(text)")
      _ = s.integer("count", in: .positive, "How many.")
      let wrong = (try? s.finish()) == nil
      #expect(wrong != isAllowed, "\(text)")
    }
    #expect(Bounds.positive.whole.description == "above 0 to 4294967295")
    #expect(Bounds.closed(1, 5).whole.description == "1 to 5")
  }
}
