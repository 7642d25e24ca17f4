import Suites
import Testing

@Suite struct SuiteItemTests {
  @Test func `Items differ where their samples do`() {
    let item = SuiteItem(path: "a.png", prompt: "a fox", samples: 0..<1)
    #expect(item != SuiteItem(path: "a.png", prompt: "a fox", samples: 1..<2))
  }
}
