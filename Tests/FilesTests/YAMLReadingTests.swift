import Files
import TestSupport
import Testing

@Suite struct YAMLReadingTests {
  private func node(_ text: String) throws -> YAMLNode {
    try #require(try YAMLNode.parse("k: \(text)", file: "r.yaml")["k"])
  }

  @Test(arguments: [("0", 0), ("-3", -3), ("+7", 7), ("1000000", 1_000_000)])
  func `Whole numbers`(text: String, value: Int) throws {
    #expect(try node(text).integer() == value)
  }

  @Test(arguments: [
    "x", "1.5", "1e400", "010", "0x10", "1_000", "99999999999999999999", "\"5\"", "", "~", "[1]", "{}", "yes",
  ])
  func `What is no whole number is refused with its place`(text: String) throws {
    let node = try node(text)
    expectError(.malformed, "r.yaml:1:", "expected a whole number, got ") { _ = try node.integer() }
  }

  @Test func `The error for a whole number says what to write instead`() throws {
    for (text, advice) in [("1e6", "Write 1000000."), ("1_000", "Write 1000,"), ("\"5\"", "Remove the quotes")] {
      let node = try node(text)
      expectError(.malformed, advice) { _ = try node.integer() }
    }
  }

  @Test(arguments: [("1e-4", 1e-4), (".5", 0.5), ("-1.", -1), ("3", 3), ("2.5E+3", 2500), (".inf", .infinity)])
  func `Numbers are read`(text: String, value: Double) throws {
    #expect(try node(text).number() == value)
  }

  @Test(arguments: ["inf", "nan", ".nan", "1e999", "1e", "e5", ".", "--1", "0x1p3", "1,5", "'1'", "1 2", "true"])
  func `What is no number is refused`(text: String) throws {
    let node = try node(text)
    expectError(.malformed, "r.yaml:1:4: expected a number, got ") { _ = try node.number() }
  }

  @Test func `Booleans are true and false; yes and no get a hint`() throws {
    #expect(try node("true").boolean())
    #expect(try !node("false").boolean())
    for (text, advice) in [("yes", "Write true."), ("off", "Write false."), ("True", "Write true.")] {
      let node = try node(text)
      expectError(.malformed, "expected true or false, got '\(text)'", advice) { _ = try node.boolean() }
    }
    let number = try node("1")
    expectError(.malformed, "expected true or false, got '1'") { _ = try number.boolean() }
  }

  @Test func `Text is taken as written, quoted or not; nothing is no text`() throws {
    #expect(try node("no").string() == "no")
    #expect(try node("1.10").string() == "1.10")
    #expect(try node("\"\"").string() == "")
    #expect(try node("\"null\"").string() == "null")
    let nothing = try node("")
    expectError(.malformed, "expected text, got nothing") { _ = try nothing.string() }
    let list = try node("[1, 2]")
    expectError(.malformed, "expected text, got a list of 2 items") { _ = try list.string() }
  }

  @Test func `Lists and mappings`() throws {
    let word = try node("word")
    expectError(.malformed, "expected a list, got 'word'") { _ = try word.sequence() }
    expectError(.malformed, "expected a mapping (`key: value`), got 'word'") { _ = try word.mapping() }
    #expect(try node("{a: 1}")["a"]?.integer() == 1)
    #expect(try node("{a: 1}")["b"] == nil)
  }
}
