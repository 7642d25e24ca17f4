import Foundation
import Files
import TestSupport
import Testing

@testable import Fewstep

@Suite struct ExtendingTests {
  private func write(_ files: [String: String]) throws -> Scratch {
    let scratch = try Scratch()
    for (name, text) in files { _ = try scratch.write(text, to: name) }
    return scratch
  }

  private static let base = """
    name: base
    backbone: {kind: gaussian-mixture, modes: 6}
    objective: {kind: amd, sensitivity: 0.2, group-size: 8}
    reward: {kind: density}
    training: {steps: 10, batch: 32}
    """

  @Test
  func `A recipe that extends another one keeps what it does not say, key by key, with the places of both`() throws {
    let scratch = try write([
      "base.yaml": Self.base,
      "top.yaml": "extends: base.yaml\nname: top\nobjective: {sensitivity: 0.5}\ntraining: {batch: 16}",
    ])
    let recipe = try Recipe.load(scratch.path("top.yaml"), catalog: smallCatalog())
    #expect(recipe.name == "top")
    #expect(recipe.training.steps == 10)
    #expect(recipe.training.batch == 16)
    #expect(recipe.place(of: "training.steps").file.hasSuffix("base.yaml"))
    #expect(recipe.place(of: "training.batch").file.hasSuffix("top.yaml"))
    #expect(try recipe.resolved["objective"]?["sensitivity"]?.number() == 0.5)
    #expect(try recipe.resolved["objective"]?["group-size"]?.integer() == 8)
  }

  @Test func `A section of another kind takes the place of the extended one`() throws {
    let scratch = try write([
      "base.yaml": Self.base, "top.yaml": "extends: base.yaml\nobjective: {kind: dmd}",
    ])
    let recipe = try Recipe.load(scratch.path("top.yaml"), catalog: smallCatalog())
    #expect(recipe.resolved["objective"]?["sensitivity"] == nil)
  }

  @Test func `A recipe is found above the file's folder, and by an absolute path`() throws {
    let scratch = try write(["base.yaml": Self.base])
    let folder = scratch.path("a/b")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for base in ["../../base.yaml", scratch.path("base.yaml")] {
      try Data("extends: \(base)\nname: top".utf8).write(to: URL(fileURLWithPath: "\(folder)/top.yaml"))
      #expect(try Recipe.load("\(folder)/top.yaml", catalog: smallCatalog()).training.steps == 10)
      // Also from a path that is relative to the folder in which the program was started.
      let start = FileManager.default.currentDirectoryPath
      let relative =
        String(repeating: "../", count: start.split(separator: "/").count) + folder.dropFirst() + "/top.yaml"
      #expect(try Recipe.load(relative, catalog: smallCatalog()).name == "top")
    }
  }

  @Test func `A circle and a missing file are errors at their place`() throws {
    let scratch = try write(["a.yaml": "extends: b.yaml", "b.yaml": "extends: a.yaml", "c.yaml": "extends: d.yaml"])
    for (name, words) in [("a.yaml", "in a circle"), ("c.yaml", "there is no")] {
      let error = #expect(throws: RecipeError.self) {
        try Recipe.load(scratch.path(name), catalog: smallCatalog())
      }
      #expect("\(error!)".contains(words))
      #expect("\(error!)".contains(".yaml:1:10"))
    }
  }
}
