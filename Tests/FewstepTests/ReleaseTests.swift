import Fewstep
import Foundation
import TestSupport
import Testing

@Suite struct ReleaseTests {
  @Test func `The version is that of the changelog's newest entry and of the citation`() throws {
    func lines(_ name: String) throws -> [Substring] {
      try String(contentsOfFile: "\(Repository.root)/\(name)", encoding: .utf8).split(separator: "\n")
    }
    let newest = try #require(try lines("CHANGELOG.md").first { $0.hasPrefix("## ") })
    #expect(newest.split(separator: " ")[1] == Release.version)
    #expect(try lines("CITATION.cff").contains("version: \(Release.version)"))
  }
}
