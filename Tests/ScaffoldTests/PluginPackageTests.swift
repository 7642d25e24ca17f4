import Fewstep
import Foundation
import TestSupport
import Testing

@testable import Scaffold

@Suite struct PluginPackageTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func `A name in a recipe's spelling has its Swift spelling`() throws {
    #expect(try PackageName("soft-matching", besides: []).type == "SoftMatching")
    #expect(try PackageName("dmd3", besides: ["dmd", "dmd2"]).type == "Dmd3")
  }

  @Test(arguments: [
    ("9-lives", "letters and digits"), ("amd", "has this name"), ("class", "keyword of Swift"), ("scene", "hide"),
    ("density", "has this name"),
  ])
  func `A name that a package cannot have is refused with the reason`(name: String, reason: String) {
    expectError(.usage, reason) { _ = try PackageName(name, besides: ["amd", "density"]) }
  }

  @Test(arguments: PluginPackage.Kind.allCases)
  func `Each kind of package names its plugin everywhere, and is written whole or not at all`(
    kind: PluginPackage.Kind
  ) throws {
    let package = try PluginPackage(kind, "warm-start", source: Repository.root, besides: Catalog())
    try package.write(to: scratch.path("new"))
    #expect(
      try scratch.files("new") == [".gitignore", "Package.swift", "README.md", "Sources", "Tests", "recipe.yaml"])
    let recipe = try String(contentsOfFile: scratch.path("new/recipe.yaml"), encoding: .utf8)
    let source = try String(contentsOfFile: scratch.path("new/Sources/WarmStart/WarmStart.swift"), encoding: .utf8)
    #expect(recipe.contains("kind: warm-start") && source.contains("Plugin(\"warm-start\""))
    expectError(.usage, "the folder exists") { try package.write(to: scratch.path("new")) }
    expectError(.io) { try package.write(to: scratch.path("new/README.md/inside")) }
    #expect(try scratch.files() == ["new"])
  }
}
