import Files
import Tensors
import TestSupport
import Testing

@Suite struct YAMLWritingTests {
  @Test func `A resolved recipe is block YAML with the source of each value beside it`() {
    let tree = YAMLNode.mapping([
      .init("seed", .integer(7), comment: "recipe.yaml:1:7"),
      .init(
        "objective",
        .mapping([
          .init("kind", .string("amd")), .init("sensitivity", .number(0.3), comment: "default"),
          .init("steps", .sequence([.integer(999), .integer(499)])),
        ]), comment: "recipe.yaml:3:1"),
      .init("rewards", .sequence([.mapping([.init("kind", .string("hps")), .init("whiten", .boolean(true))])])),
      .init("empty", .sequence([])), .init("none", .mapping([])), .init("nothing", .null),
    ])
    #expect(
      tree.text() == """
        seed: 7  # recipe.yaml:1:7
        objective:  # recipe.yaml:3:1
          kind: amd
          sensitivity: 0.3  # default
          steps: [999, 499]
        rewards:
          - kind: hps
            whiten: true
        empty: []
        none: {}
        nothing: null

        """)
  }

  @Test(arguments: [
    "", " ", "plain", "two words", "no", "Yes", "null", "~", "1e5", "0x1F", "12:30", "-", "- a", "-x", "a: b", "a:",
    "a #b",
    "#x", "'q'", "\"q\"", "back\\slash", "line\nbreak\n", "tab\there", "a, b", "[x]", "{y}", "*a", "&a", "!t", "%d",
    "@h",
    "|", ">", "<<", "---", "...", "é ü 漢字", "🙂", "\u{7F}\u{85}\u{2028}\u{FEFF}\u{1}", "trailing ", "?", ":x", "=",
  ])
  func `Any text reads back as the same text`(text: String) throws {
    let tree = YAMLNode.mapping([
      .init(text, .string(text), comment: "of #1"), .init("l", .sequence([.string(text), .string("b")])),
      .init("block", .sequence([.sequence([.string(text)]), .mapping([.init(text, .string(text))])])),
    ])
    if text == "l" || text == "block" { return }
    let back = try YAMLNode.parse(tree.text())
    #expect(back.hasSameValue(as: tree), "\(tree.text())")
    #expect(try back.mapping()[0].value.string() == text)
  }

  @Test(arguments: [0.1, 1e-4, 1e300, -2.5, 3, 2.5e-308, .infinity, -.infinity])
  func `Numbers read back as the same numbers`(value: Double) throws {
    let back = try YAMLNode.parse(YAMLNode.mapping([.init("x", .number(value))]).text())
    #expect(try back["x"]?.number() == value)
  }

  @Test func `A tree that was read is written as the same tree`() throws {
    let text = """
      a: {b: [1, 2, {c: d}], e: "5"}
      f:
        - - x
          - y
        - g: 1
          h: [[1, 2], [3]]
        - []
      long: [\((0..<60).map { "item\($0)" }.joined(separator: ", "))]
      note: |
        two
        lines
      """
    let tree = try YAMLNode.parse(text)
    let back = try YAMLNode.parse(tree.text())
    #expect(back.hasSameValue(as: tree), "\(tree.text())")
    #expect(back.text() == tree.text())
    #expect(throws: Failure.self) { try back["a"]?["e"]?.integer() }
  }

  @Test func `A tree is written to a file, and a single value is a document too`() throws {
    let scratch = try Scratch()
    try YAMLNode.mapping([.init("a", .integer(1))]).write(to: scratch.path("r.yaml"))
    #expect(String(decoding: try contents(scratch.path("r.yaml")), as: UTF8.self) == "a: 1\n")
    #expect(try YAMLNode.parse(YAMLNode.string("x").text()).string() == "x")
  }
}
