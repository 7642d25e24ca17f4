import Files
import Foundation
import TestSupport
import Testing

@Suite struct YAMLParsingTests {
  @Test func `Every node knows its line and column, keys included`() throws {
    let tree = try YAMLNode.parse("model:\n  kind: amd\n  steps: [1, 2]\n", file: "r.yaml")
    let model = try #require(try tree.mapping().first)
    #expect(model.key.position.description == "r.yaml:1:1")
    let inner = try model.value.mapping()
    #expect(inner[0].key.position.description == "r.yaml:2:3")
    #expect(inner[0].value.position.description == "r.yaml:2:9")
    #expect(try inner[1].value.sequence()[1].position.description == "r.yaml:3:14")
  }

  @Test func `Keys keep the order of the file`() throws {
    #expect(try YAMLNode.parse("z: 1\na: 2\nm: 3").mapping().map(\.name) == ["z", "a", "m"])
  }

  @Test func `A syntax error carries file, line and column`() {
    expectError(.malformed, "r.yaml:2:", "while parsing") { _ = try YAMLNode.parse("a: [1, 2\nb: 3\n", file: "r.yaml") }
    expectError(.malformed, "r.yaml:2:1", "spaces, not tabs") { _ = try YAMLNode.parse("a:\n\tb: 3\n", file: "r.yaml") }
    expectError(.malformed, "r.yaml:1:5") { _ = try YAMLNode.parse("a: b: c", file: "r.yaml") }
  }

  @Test func `A key that occurs twice is refused with both places`() {
    expectError(.malformed, "r.yaml:3:1", "'seed' occurs twice", "r.yaml:1:1") {
      _ = try YAMLNode.parse("seed: 1\nsteps: 2\nseed: 3\n", file: "r.yaml")
    }
  }

  @Test func `An alias stands for its anchor's tree`() throws {
    let tree = try YAMLNode.parse("a: &x {lr: 1e-4}\nb: *x\nc: &y 3\nd: *y\n")
    #expect(try tree["b"]?["lr"]?.number() == 1e-4)
    #expect(try tree["d"]?.integer() == 3)
  }

  @Test(arguments: [
    ("a: *nope", "no anchor"), ("a: &x [1, *x]", "inside its own anchor"), ("a: &x {b: {c: *x}}", "inside its own"),
    ("a: &x {b: 1}\nc:\n  <<: *x\n", "merge keys"),
  ])
  func `Aliases without an anchor, inside their own anchor, and merge keys are refused`(text: String, words: String) {
    expectError(.malformed, words) { _ = try YAMLNode.parse(text) }
  }

  @Test func `A short file that aliases blow up, and one nested too deep, are refused`() {
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let items = [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      bomb += "a\(level): &a\(level) [\(items)]\n"
    }
    expectError(.malformed, "with aliases written out") { _ = try YAMLNode.parse(bomb) }
    let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
    expectError(.malformed, "deep") { _ = try YAMLNode.parse(deep) }
    var chain = "a0: &a0 [1]\n"
    for level in 1...200 { chain += "a\(level): &a\(level) [*a\(level - 1)]\n" }
    expectError(.malformed, "deep") { _ = try YAMLNode.parse(chain) }
  }

  @Test func `Second documents, tags, keys that are lists, and bytes that are not UTF-8 are refused`() throws {
    expectError(.malformed, ":2:1", "second document") { _ = try YAMLNode.parse("a: 1\n---\nb: 2\n") }
    expectError(.malformed, ":1:4", "tag") { _ = try YAMLNode.parse("a: !!python/object x") }
    expectError(.malformed, "a key must be plain text") { _ = try YAMLNode.parse("? [1, 2]\n: 3\n") }
    let scratch = try Scratch()
    let path = try scratch.write([0x61, 0x3A, 0x20, 0x78, 0x0A, 0x62, 0x3A, 0x20, 0xFF, 0xFE], to: "latin.yaml")
    expectError(.malformed, "latin.yaml:2:4", "UTF-8") { _ = try YAMLNode.load(path: path) }
  }

  @Test func `A missing file, a folder and an empty file`() throws {
    let scratch = try Scratch()
    expectError(.missing, "none.yaml", "no such file") { _ = try YAMLNode.load(path: scratch.path("none.yaml")) }
    expectError(.io, "directory") { _ = try YAMLNode.load(path: scratch.folder) }
    #expect(try YAMLNode.load(path: scratch.write([], to: "empty.yaml")).isNull)
    #expect(try YAMLNode.parse("# only a comment\n").isNull)
  }

  @Test func `Text cut off anywhere is an error or a value, never a crash`() {
    let text = Array("a: &x [1, {b: \"q\\n\", c: 'd'}]\ne: |\n  long\n  text\nf: *x\n".utf8)
    for length in 0...text.count { _ = try? YAMLNode.parse(String(decoding: text[..<length], as: UTF8.self)) }
  }
}
