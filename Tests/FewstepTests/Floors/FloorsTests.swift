import Foundation
import TestSupport
import Testing

/// Dependencies between the folders of a module, read from the sources: the compiler checks only those between modules.
@Suite struct FloorsTests {
  /// The floors of Sources/Fewstep, lowest first. A folder uses only those on lower floors.
  private static let floors = [
    ["Settings", "Diffusion", "Profile", "Parallel"], ["Models"], ["Data", "Objectives"], ["Recipe"], ["Pretraining"],
    ["Training"],
    ["Monitor", "Plan"],
    ["Run"], ["Sweep"],
  ]

  @Test func `In Sources/Fewstep every arrow points down`() throws {
    var floors = ["": -1]
    for (floor, folders) in Self.floors.enumerated() { for folder in folders { floors[folder] = floor } }
    let graph = try SourceGraph(module: "Fewstep")
    try #require(graph.arrows.count > 100)
    for arrow in graph.arrows where arrow.from.room != arrow.to.room {
      let from = try #require(floors[arrow.from.room], "\(arrow.from.path) stands on no floor")
      let to = try #require(floors[arrow.to.room], "\(arrow.to.path) stands on no floor")
      #expect(to < from, "\(arrow)")
    }
  }

  @Test func `No folders of a module form a circle`() throws {
    try #require(SourceGraph.modules.count > 10)
    for module in SourceGraph.modules.keys.sorted() {
      for arrow in try SourceGraph(module: module).circularArrows { Issue.record("\(module): \(arrow)") }
    }
  }
}
