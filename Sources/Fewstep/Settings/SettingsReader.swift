import Files
import Foundation
import Tensors

/// Reads a section of a recipe. Each setting is declared once, where it is read, with its default, range and meaning; from
/// that come decoding, errors, the resolved recipe and the reference.
///
/// Reading does not stop at the first mistake: a wrong value is noted and its default used, and `Recipe` throws all notes
/// together before anything is made. So the code that reads settings must not open files or build anything.
public final class SettingsReader {
  /// The dotted path of this section; empty at the top.
  public let path: String
  private let node: YAMLNode?
  private let position: YAMLNode.Position
  private let ledger: Ledger
  private var known = [String]()
  /// Keys whose absence was asked about: without a default they may still be left out.
  private var asked = Set<String>()
  /// What this section resolves to, in the order of reading.
  private var resolved = [YAMLNode.Entry]()
  private var sections = [(name: String, reader: SettingsReader)]()
  private var isAbandoned = false

  /// What all sections of a recipe share.
  private final class Ledger {
    /// Declarations only: there is no recipe.
    let describes: Bool
    /// What plugins' sections are read in: the recipe's floor knows what it is.
    let environment: Any?
    var problems = [RecipeProblem]()
    var settings = [Setting]()

    init(describes: Bool = false, _ environment: Any?) {
      self.describes = describes
      self.environment = environment
    }
  }

  private init(_ node: YAMLNode?, path: String, position: YAMLNode.Position, ledger: Ledger) {
    self.path = path
    self.position = position
    self.ledger = ledger
    if let node, case .mapping = node.content {
      self.node = node
    } else {
      self.node = nil
      if let node {
        ledger.problems.append(
          RecipeProblem(
            position: node.position, message: "expected a section of `key: value` lines, got \(node.summary)"))
      }
    }
  }

  /// The top of a recipe.
  ///
  /// - Parameter environment: what sections may refer to, such as a `Catalog` of plugins.
  public convenience init(_ node: YAMLNode, _ environment: Any? = nil) {
    self.init(node, path: "", position: node.position, ledger: Ledger(environment))
  }

  /// Reads nothing and gathers declarations only.
  public static func describing(_ environment: Any? = nil) -> SettingsReader {
    SettingsReader(nil, path: "", position: .none, ledger: Ledger(describes: true, environment))
  }

  // MARK: Values

  /// A number. Without a default the recipe must give it.
  public func number(_ key: String, default fallback: Double? = nil, in bounds: Bounds = .any, _ meaning: String)
    -> Double
  {
    read(key, "number", fallback, bounds: bounds, meaning, show: shown, placeholder: bounds.inside) { node in
      try self.bounded(node, try node.number(), bounds)
    }
  }

  /// A number that may be left out: nil then.
  public func optionalNumber(_ key: String, in bounds: Bounds = .any, _ meaning: String) -> Double? {
    read(
      key, "number or null", .some(nil), bounds: bounds, meaning, show: { $0.map(shown) ?? "null" }, placeholder: nil
    ) {
      node in node.isNull ? nil : try self.bounded(node, try node.number(), bounds)
    }
  }

  /// A whole number, of 32 bits at most.
  public func integer(_ key: String, default fallback: Int? = nil, in bounds: Bounds = .any, _ meaning: String) -> Int {
    let bounds = bounds.whole
    return read(
      key, "whole number", fallback, bounds: bounds, meaning, show: String.init,
      placeholder: Int(bounds.inside.rounded(.up))
    ) { node in
      let value = try node.integer()
      _ = try self.bounded(node, Double(value), bounds)
      return value
    }
  }

  public func boolean(_ key: String, default fallback: Bool? = nil, _ meaning: String) -> Bool {
    read(key, "true or false", fallback, meaning, show: { "\($0)" }, placeholder: false) { try $0.boolean() }
  }

  public func string(_ key: String, default fallback: String? = nil, _ meaning: String) -> String {
    read(key, "text", fallback, meaning, show: { $0 }, node: YAMLNode.string, placeholder: "") { try $0.string() }
  }

  /// A file or folder: `~` is the home folder, anything else that does not begin with / is below the working folder.
  public func path(_ key: String, default fallback: String? = nil, _ meaning: String) -> String {
    read(key, "path", fallback.map(absolute), meaning, show: { $0 }, node: YAMLNode.string, placeholder: "") {
      absolute(try $0.string())
    }
  }

  /// One of an enum's raw values.
  public func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, default fallback: Choice? = nil, _ meaning: String
  ) -> Choice {
    let names = Choice.allCases.map(\.rawValue)
    let name = oneOf(key, names, default: fallback?.rawValue, meaning)
    return Choice(rawValue: name) ?? Choice.allCases.first!
  }

  /// One of several names.
  public func oneOf(_ key: String, _ names: [String], default fallback: String? = nil, _ meaning: String) -> String {
    read(
      key, "one of \(names.joined(separator: ", "))", fallback, meaning, show: { $0 }, node: YAMLNode.string,
      placeholder: names.first ?? ""
    ) { node in
      let name = try node.string()
      guard names.contains(name) else {
        let hint = nearest(name, among: names).map { " Did you mean '\($0)'?" } ?? ""
        throw self.problem(node, "'\(name)' is not one of \(names.joined(separator: ", ")).\(hint)")
      }
      return name
    }
  }

  public func numbers(
    _ key: String, default fallback: [Double]? = nil, in bounds: Bounds = .any, count: Int? = nil, _ meaning: String
  ) -> [Double] {
    let type = count.map { "list of \($0) numbers" } ?? "list of numbers"
    return read(
      key, type, fallback, bounds: bounds, meaning, show: Self.list,
      placeholder: Array(repeating: bounds.inside, count: count ?? 1)
    ) { try self.items($0, bounds, count) }
  }

  /// Numbers that may be left out: nil then.
  public func optionalNumbers(_ key: String, in bounds: Bounds = .any, _ meaning: String) -> [Double]? {
    read(
      key, "list of numbers or null", .some(nil), bounds: bounds, meaning, show: { $0.map(Self.list) ?? "null" },
      placeholder: nil
    ) { $0.isNull ? nil : try self.items($0, bounds, nil) }
  }

  private func items(_ node: YAMLNode, _ bounds: Bounds, _ count: Int?) throws -> [Double] {
    let items = try node.sequence()
    guard items.count == count ?? items.count, !items.isEmpty else {
      throw problem(node, "expected \(count.map { "\($0) numbers" } ?? "at least one number"), got \(items.count)")
    }
    return try items.map { try bounded($0, try $0.number(), bounds) }
  }

  private static func list(_ numbers: [Double]) -> String { "[\(numbers.map(shown).joined(separator: ", "))]" }

  /// Whole numbers, of 32 bits at most; the list may be empty.
  public func integers(_ key: String, default fallback: [Int]? = nil, in bounds: Bounds = .any, _ meaning: String)
    -> [Int]
  {
    let bounds = bounds.whole
    return read(key, "list of whole numbers", fallback, bounds: bounds, meaning, show: { "\($0)" }, placeholder: []) {
      node in
      try node.sequence().map {
        let value = try $0.integer()
        _ = try self.bounded($0, Double(value), bounds)
        return value
      }
    }
  }

  public func strings(_ key: String, default fallback: [String]? = nil, _ meaning: String) -> [String] {
    read(
      key, "list of texts", fallback, meaning, show: { "[\($0.joined(separator: ", "))]" },
      node: { .sequence($0.map(YAMLNode.string)) }, placeholder: []
    ) {
      try $0.sequence().map { try $0.string() }
    }
  }

  // MARK: Sections

  var environment: Any? { ledger.environment }

  /// Whether nothing is read, and all that could be is declared.
  public var isDescribing: Bool { ledger.describes }

  /// Whether the recipe has this key, for sections that may be left out; where declarations are gathered, always.
  public func has(_ key: String) -> Bool {
    if !known.contains(key) { known.append(key) }
    asked.insert(key)
    guard !isDescribing else { return true }
    return entry(key).map { !$0.value.isNull } ?? false
  }

  /// The keys of a section whose keys are the recipe's own names; where declarations are gathered, a placeholder.
  public func names(orDescribing placeholder: String) -> [String] {
    isDescribing ? [placeholder] : ((try? node?.mapping()) ?? []).map(\.name)
  }

  /// Whether the recipe has this key, to choose what to read; unlike `has` it does not make the key a known one.
  public func gives(_ key: String) -> Bool {
    asked.insert(key)
    return isDescribing || entry(key) != nil
  }

  /// The settings below `key`.
  public func section(_ key: String) -> SettingsReader {
    known.append(key)
    let entry = entry(key)
    let reader = SettingsReader(
      entry.flatMap { $0.value.isNull ? nil : $0.value }, path: dotted(key), position: entry?.key.position ?? position,
      ledger: ledger)
    sections.append((key, reader))
    resolved.append(YAMLNode.Entry(key, .null))
    return reader
  }

  /// Notes something wrong that only the values together show, at `key`.
  public func require(_ condition: Bool, at key: String, _ message: @autoclosure () -> String) {
    guard !condition else { return }
    ledger.problems.append(
      RecipeProblem(position: entry(key)?.value.position ?? position, message: "\(dotted(key)): \(message())"))
  }

  // MARK: Afterwards

  /// All declarations so far, in order.
  public var declarations: [Setting] { ledger.settings }

  /// Throws every mistake in this section and below it: wrong values, missing and unknown keys.
  public func finish() throws {
    noteUnknownKeys()
    guard ledger.problems.isEmpty else {
      throw RecipeError(ledger.problems.sorted { $0.place < $1.place })
    }
  }

  /// This section with every value that was read, and where it came from as comments.
  public var resolvedNode: YAMLNode {
    var entries = resolved
    for (index, entry) in entries.enumerated() {
      if let section = sections.first(where: { $0.name == entry.name }) {
        entries[index].value = section.reader.resolvedNode
      }
    }
    return .mapping(entries)
  }

  /// Leaves the keys that were not read unjudged, but for misspellings of those that were: what would read them is not known.
  func abandon() { isAbandoned = true }

  /// What the recipe says at this key, if it is text.
  func text(_ key: String) -> String? { try? entry(key)?.value.string() }

  private func noteUnknownKeys() {
    for (_, section) in sections { section.noteUnknownKeys() }
    guard let node, let entries = try? node.mapping() else { return }
    for entry in entries where !known.contains(entry.name) {
      let hint = nearest(entry.name, among: known).map { " Did you mean '\($0)'?" }
      if isAbandoned, hint == nil { continue }
      let message =
        "unknown key '\(dotted(entry.name))'.\(hint ?? " Known here: \(Set(known).sorted().joined(separator: ", ")).")"
      ledger.problems.append(RecipeProblem(position: entry.key.position, message: message))
      // A misspelled key is one mistake, not two.
      if let meant = nearest(entry.name, among: known) {
        ledger.problems.removeAll { $0.message == missing(meant) }
      }
    }
  }

  private func read<Value>(
    _ key: String, _ type: String, _ fallback: Value?, bounds: Bounds? = nil, _ meaning: String,
    show: @escaping (Value) -> String, node: ((Value) -> YAMLNode)? = nil, placeholder: Value,
    decode: (YAMLNode) throws -> Value
  ) -> Value {
    known.append(key)
    let node = node ?? { Self.node(show($0)) }
    ledger.settings.append(
      Setting(
        key: dotted(key), type: type, fallback: fallback.map(show) ?? (asked.contains(key) ? "none" : nil),
        range: bounds?.description, meaning: meaning))
    guard let entry = entry(key) else {
      guard let fallback else {
        ledger.problems.append(RecipeProblem(position: position, message: missing(key)))
        return placeholder
      }
      resolved.append(YAMLNode.Entry(key, node(fallback), comment: "default"))
      return fallback
    }
    do {
      let value = try decode(entry.value)
      resolved.append(YAMLNode.Entry(key, node(value), comment: entry.value.position.description))
      return value
    } catch let error as RecipeProblem {
      ledger.problems.append(RecipeProblem(position: error.position, message: "\(dotted(key)): \(error.message)"))
    } catch let error as Failure {
      let words = error.description.replacing("\(error.place): ", with: "").replacing("\n  ", with: ". ")
      ledger.problems.append(RecipeProblem(position: entry.value.position, message: "\(dotted(key)): \(words)"))
    } catch {
      ledger.problems.append(RecipeProblem(position: entry.value.position, message: "\(dotted(key)): \(error)"))
    }
    return fallback ?? placeholder
  }

  private func entry(_ key: String) -> YAMLNode.Entry? { try? node?.mapping().first { $0.name == key } }
  private func dotted(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
  private func missing(_ key: String) -> String { "the key '\(dotted(key))' is missing" }
  private func problem(_ node: YAMLNode, _ message: String) -> RecipeProblem {
    RecipeProblem(position: node.position, message: message)
  }

  private func bounded(_ node: YAMLNode, _ value: Double, _ bounds: Bounds) throws -> Double {
    guard bounds.allow(value) else { throw problem(node, "\(shown(value)) is out of range (\(bounds))") }
    return value
  }

  /// Numbers, truth values and lists of them are written back the way they would be read.
  private static func node(_ text: String) -> YAMLNode {
    (try? YAMLNode.parse(text)) ?? .string(text)
  }
}

extension RecipeProblem: Error {
  fileprivate var place: (String, Int, Int) { (position.file, position.line, position.column) }
}

private func absolute(_ path: String) -> String {
  let expanded = NSString(string: path).expandingTildeInPath
  guard !expanded.hasPrefix("/") else { return URL(fileURLWithPath: expanded).standardizedFileURL.path }
  return URL(fileURLWithPath: FileManager.default.currentDirectoryPath + "/" + expanded).standardizedFileURL.path
}
