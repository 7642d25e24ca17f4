/// A source file: what it declares for other files, and what it uses.
///
/// It is read by its layout, which `swift format` fixes: declarations of the file begin a line, those of a type's or an
/// extension's members are indented by two spaces.
struct SourceFile {
  let path: String
  /// The folder relative to the module's; empty for the module's own.
  let folder: String
  /// The first part of the folder.
  var room: String { folder.split(separator: "/").first.map(String.init) ?? "" }
  /// The types, functions and variables at the top level that other files see.
  private(set) var types = Set<String>()
  private(set) var functions = Set<String>()
  private(set) var variables = Set<String>()
  /// Members that other files see, with the type that they belong to.
  private(set) var members = [(owner: String, name: String)]()
  /// The types that this file declares or extends.
  private(set) var owners = Set<String>()
  /// Every name that is declared anywhere in the file.
  private(set) var declared = Set<String>()
  /// All names; those after a dot; those not after a dot that are no labels, and those of them that a parenthesis follows.
  private(set) var names = Set<String>()
  private(set) var dotted = Set<String>()
  private(set) var bare = Set<String>()
  private(set) var called = Set<String>()
  /// Names before a colon: of parameters, arguments, and variables with their type.
  private(set) var labels = Set<String>()

  init(path: String, folder: String, text: String) {
    self.path = path
    self.folder = folder
    var owner: String?
    for line in SourceText(text).code.split(whereSeparator: \.isNewline) {
      let words = Self.words(line)
      read(words)
      let indent = line.prefix { $0 == " " }.count
      let declaration = Self.declaration(words)
      if indent == 0, let first = words.first, first.text != "}" {
        owner = nil
        guard let declaration else { continue }
        if Self.typeKeywords.contains(declaration.keyword) { types.insert(declaration.name) }
        if declaration.keyword == "func" { functions.insert(declaration.name) }
        if ["let", "var"].contains(declaration.keyword) { variables.insert(declaration.name) }
        if declaration.keyword == "extension" || types.contains(declaration.name) {
          owner = declaration.name
          owners.insert(declaration.name)
        }
      } else if indent == 2, let owner, let declaration, declaration.keyword != "extension" {
        members.append((owner, declaration.name))
      }
    }
  }

  private struct Word {
    var text: Substring
    var isAfterDot = false
    var isCalled = false
    var isLabel = false
  }

  /// Names, and other characters one by one; spaces are left out.
  private static func words(_ line: Substring) -> [Word] {
    var words = [Word]()
    var rest = line
    while let first = rest.first {
      let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      if first == " " {
        rest = rest.dropFirst()
      } else if name.isEmpty {
        if first == "(", !words.isEmpty { words[words.count - 1].isCalled = true }
        if first == ":", !words.isEmpty { words[words.count - 1].isLabel = true }
        words.append(Word(text: rest.prefix(1)))
        rest = rest.dropFirst()
      } else {
        words.append(Word(text: name, isAfterDot: words.last?.text == "."))
        rest = rest.dropFirst(name.count)
      }
    }
    return words
  }

  private mutating func read(_ words: [Word]) {
    var previous: Substring = ""
    for word in words {
      defer { previous = word.text }
      guard let first = word.text.first, first.isLetter || first == "_" else { continue }
      let name = String(word.text)
      names.insert(name)
      if Self.typeKeywords.contains(String(previous)) || Self.memberKeywords.contains(String(previous)) {
        declared.insert(name)
      } else if word.isAfterDot {
        dotted.insert(name)
      } else if word.isLabel {
        labels.insert(name)
      } else {
        bare.insert(name)
        if word.isCalled { called.insert(name) }
      }
    }
  }

  private static let typeKeywords: Set = ["struct", "class", "enum", "protocol", "actor", "typealias"]
  private static let memberKeywords: Set = ["func", "let", "var", "case"]
  private static let modifiers: Set = [
    "public", "package", "internal", "open", "final", "indirect", "static", "mutating", "nonmutating", "override",
    "convenience", "required", "lazy", "weak", "unowned", "nonisolated", "consuming", "borrowing",
  ]

  /// The declaration that a line begins with; nil if there is none that other files see.
  private static func declaration(_ words: [Word]) -> (keyword: String, name: String)? {
    var rest = words[...]
    func skipParentheses() {
      guard rest.first?.text == "(" else { return }
      var depth = 0
      while let word = rest.popFirst() {
        if word.text == "(" { depth += 1 }
        if word.text == ")" { depth -= 1 }
        if depth == 0 { return }
      }
    }
    while let word = rest.popFirst() {
      let text = String(word.text)
      if text == "@" {
        rest = rest.dropFirst()
        skipParentheses()
      } else if modifiers.contains(text)
        || text == "class" && rest.first.map({ $0.text == "func" || $0.text == "var" }) == true
      {
        skipParentheses()
      } else if typeKeywords.contains(text) || memberKeywords.contains(text) || text == "extension" {
        guard let name = rest.first?.text, name.first?.isLetter == true else { return nil }
        return (text, String(name))
      } else {
        return nil
      }
    }
    return nil
  }
}
