import Foundation
import TestSupport
import Testing

/// Dependencies between the folders of a module, read from the sources: the compiler checks only those between modules.
@Suite struct FloorsTests {
  /// The floors of Sources/Fewstep, lowest first. A folder uses only those on lower floors.
  private static let floors = [
    ["Settings", "Diffusion"], ["Models"], ["Data", "Objectives"], ["Recipe"], ["Pretraining"], ["Training"],
    ["Monitor"],
    ["Run"], ["Sweep"],
  ]

  @Test func `In Sources/Fewstep every arrow points down`() throws {
    var floors = ["": -1]
    for (floor, folders) in Self.floors.enumerated() { for folder in folders { floors[folder] = floor } }
    for arrow in try SourceGraph("Sources/Fewstep").arrows where arrow.from.room != arrow.to.room {
      let from = try #require(floors[arrow.from.room], "\(arrow.from.path) stands on no floor")
      let to = try #require(floors[arrow.to.room], "\(arrow.to.path) stands on no floor")
      #expect(to < from, "\(arrow)")
    }
  }

  @Test(arguments: ["Fewstep", "Files", "Media", "Encoders", "Evaluation", "Reports", "Benchmarks", "FewstepCLI"])
  func `No folders of a module form a circle`(module: String) throws {
    for arrow in try SourceGraph("Sources/\(module)").circularArrows { Issue.record("\(arrow)") }
  }

  @Test func `Names in comments and strings are no arrows, and a circle's arrows are found`() {
    let a = SourceFile(path: "A/a.swift", folder: "A", text: "struct One { /* Two */ let text = \"Two\" } // Two")
    let b = SourceFile(path: "B/b.swift", folder: "B", text: "public final class Two { let one: One }")
    let c = SourceFile(path: "A/c.swift", folder: "A", text: "extension One { var two: Two? { nil } }")
    #expect(SourceGraph([a, b]).arrows.map(\.description) == ["B/b.swift -> A/a.swift (One)"])
    #expect(SourceGraph([a, b]).circularArrows.isEmpty)
    #expect(
      SourceGraph([a, b, c]).circularArrows.map(\.description)
        == ["B/b.swift -> A/a.swift (One)", "A/c.swift -> B/b.swift (Two)"])
  }
}
