import Testing

@Suite struct SourceGraphTests {
  private func arrows(_ texts: [String: String], others: [SourceFile] = []) -> [String] {
    let files = texts.sorted { $0.key < $1.key }.map { path, text in
      SourceFile(path: path, folder: String(path.prefix { $0 != "/" }), text: text)
    }
    return SourceGraph(files, others: others).arrows.map(\.description)
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

  @Test(arguments: [
    "@frozen public struct Two {}", "@available(*, deprecated) package enum Two {}", "public indirect enum Two {}",
    "@MainActor\nfinal class Two {}", "nonisolated struct Two {}",
  ])
  func `A type is found behind attributes and modifiers`(_ declaration: String) {
    #expect(arrows(["A/a.swift": "let x = Two()", "B/b.swift": declaration]) == ["A/a.swift -> B/b.swift (Two)"])
  }

  @Test(arguments: [
    #"let x = "of \(Two.self)""#, ##"let x = #"of \#(Two.self)"#"##, "let x = \"\"\"\n  \\(Two(\"(\"))\n  \"\"\"",
    #"let x = "\(f("a") + ")")" + Two.name"#,
  ])
  func `The code in a string's interpolations counts`(_ text: String) {
    #expect(arrows(["A/a.swift": text, "B/b.swift": "struct Two {}"]) == ["A/a.swift -> B/b.swift (Two)"])
  }

  @Test(arguments: [
    "let a = \"a/*.h5\"\nlet b = Two()\nlet c = \"*/\"", "let a = \"//\"; let b = Two()",
    "/* a /* b */ c */ let b = Two()", "let a = \"\\\"\"; let b = Two()", "let a = #\"\\\"#; let b = Two()",
    "let a = #/\"/#; let b = Two()",
  ])
  func `A string that looks like a comment hides no code`(_ text: String) {
    #expect(arrows(["A/a.swift": text, "B/b.swift": "struct Two {}"]) == ["A/a.swift -> B/b.swift (Two)"])
  }

  @Test(arguments: [
    "let a = \"\"\"\n  Two\n  \"\"\"", "/* /* */ Two */", "let a = #\"\\(Two)\"#", "let a = \"\\\" Two\"",
    "let a = #/Two/#",
  ])
  func `Letters of a string or a comment are no code`(_ text: String) {
    #expect(arrows(["A/a.swift": text, "B/b.swift": "struct Two {}"]).isEmpty)
  }

  @Test func `A member that one file alone declares is found`() {
    let member = "extension Base {\n  static let advice = 1\n}"
    #expect(
      arrows(["A/a.swift": "let x = f(Base.advice)", "B/b.swift": member]) == ["A/a.swift -> B/b.swift (advice)"])
    // Inside the type's own extensions, its name is not written.
    let user = "extension Base {\n  var twice: Int { 2 * Self.advice }\n  var same: Int { advice }\n}"
    #expect(arrows(["A/a.swift": user, "B/b.swift": member]) == ["A/a.swift -> B/b.swift (advice)"])
    #expect(arrows(["A/a.swift": "let x = f(advice: 1)", "B/b.swift": member]).isEmpty)
    // Another module's member may be meant.
    let other = SourceFile(path: "o.swift", folder: "", text: "struct Other {\n  var advice: Int\n}")
    #expect(arrows(["A/a.swift": "let x = f(Base.advice)", "B/b.swift": member], others: [other]).isEmpty)
    let hidden = "extension Base {\n  private static let advice = 1\n}"
    #expect(arrows(["A/a.swift": "let x = f(Base.advice)", "B/b.swift": hidden]).isEmpty)
  }

  @Test func `Functions and variables of a file are found`() {
    let declared = "@inlinable public func average(_ x: Int) -> Int { x }\npackage let limit = 3"
    #expect(arrows(["A/a.swift": "let x = average(2)", "B/b.swift": declared]) == ["A/a.swift -> B/b.swift (average)"])
    #expect(arrows(["A/a.swift": "let x = 2 * limit", "B/b.swift": declared]) == ["A/a.swift -> B/b.swift (limit)"])
    #expect(arrows(["A/a.swift": "let x = y.average(2) + y.limit", "B/b.swift": declared]).isEmpty)
    #expect(arrows(["A/a.swift": "let average = 2\nlet x = average + f(limit: 2)", "B/b.swift": declared]).isEmpty)
    let other = SourceFile(path: "o.swift", folder: "", text: declared)
    #expect(arrows(["A/a.swift": "let x = average(limit)", "B/b.swift": declared], others: [other]).isEmpty)
  }

  @Test func `A module without sources is an error`() {
    #expect(throws: SourceGraph.NoSources.self) { _ = try SourceGraph(module: "None") }
    // System has C and C++ only.
    #expect(SourceGraph.modules["System"] == nil && SourceGraph.modules["Fewstep"] != nil)
  }
}
