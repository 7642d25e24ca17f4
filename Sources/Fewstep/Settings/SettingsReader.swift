import Files
import Foundation
import Tensors

/// Reads a section of a recipe. Each setting is declared once, where it is read, with its default, range, effect and
/// meaning. The declaration serves for decoding, errors, the resolved recipe, the reference, and the changes that a
/// resume or a sweep allows.
///
/// Reading does not stop at the first mistake: a wrong value is noted and its default used, and `Recipe` throws all
/// mistakes together before anything is made. So the code that reads settings must not open files or build anything.
public final class SettingsReader {
  /// The dotted path of this section; empty at the top.
  public let path: String
  private let node: YAMLNode?
  private let position: YAMLNode.Position
  private let ledger: Ledger
  private var known = [String]()
  /// Keys that the reader has checked for: without a default they may still be left out.
  private var asked = Set<String>()
  /// The resolved settings of this section, in the order of reading.
  private var resolved = [YAMLNode.Entry]()
  private var sections = [(name: String, reader: SettingsReader)]()
  private var isAbandoned = false

  /// The state that all sections of a recipe share.
  private final class Ledger {
    /// Whether settings are only declared: there is no recipe.
    let describes: Bool
    /// The context in which plugins' sections are read. Only the code in `Recipe` knows its type.
    let environment: Any?
    var problems = [RecipeProblem]()
    var settings = [Setting]()
    var effects = Effects()
    var device: Device?
    var dependsOnLength = false

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

  /// The top level of a recipe.
  ///
  /// - Parameter environment: the objects that sections may refer to, such as a `Catalog` of plugins.
  public convenience init(_ node: YAMLNode, _ environment: Any? = nil) {
    self.init(node, path: "", position: node.position, ledger: Ledger(environment))
  }

  /// A reader that reads nothing and gathers declarations only.
  public static func describing(_ environment: Any? = nil) -> SettingsReader {
    SettingsReader(nil, path: "", position: .none, ledger: Ledger(describes: true, environment))
  }

  // MARK: Sections

  var environment: Any? { ledger.environment }

  /// The device that the recipe names; nil until that is read, and if there is no recipe around this section.
  var device: Device? {
    get { ledger.device }
    set { ledger.device = newValue }
  }

  /// Whether nothing is read, and every possible setting is declared.
  public var isDescribing: Bool { ledger.describes }

  /// Whether the recipe has this key, for sections that may be left out; always true if declarations are gathered.
  public func has(_ key: String) -> Bool {
    if !known.contains(key) { known.append(key) }
    asked.insert(key)
    guard !isDescribing else { return true }
    return entry(key).map { !$0.value.isNull } ?? false
  }

  /// The keys of a section whose keys are names chosen in the recipe; if declarations are gathered, a placeholder.
  public func names(orDescribing placeholder: String) -> [String] {
    isDescribing ? [placeholder] : ((try? node?.mapping()) ?? []).map(\.name)
  }

  /// Whether the recipe has this key, to choose what to read. Unlike `has` it does not mark the key as known.
  public func gives(_ key: String) -> Bool {
    asked.insert(key)
    return isDescribing || entry(key) != nil
  }

  /// The settings below `key`, or nil if the recipe has none; if declarations are gathered, always the settings.
  public func optionalSection(_ key: String, affects: Effect? = nil) -> SettingsReader? {
    ledger.effects.declare(dotted(key), affects)
    return has(key) ? section(key) : nil
  }

  /// The settings below `key`.
  ///
  /// - Parameter affects: the effect of settings that do not declare their own.
  public func section(_ key: String, affects: Effect? = nil) -> SettingsReader {
    known.append(key)
    ledger.effects.declare(dotted(key), affects)
    let entry = entry(key)
    let reader = SettingsReader(
      entry.flatMap { $0.value.isNull ? nil : $0.value }, path: dotted(key), position: entry?.key.position ?? position,
      ledger: ledger)
    sections.append((key, reader))
    resolved.append(YAMLNode.Entry(key, .null))
    return reader
  }

  /// Notes a mistake at `key` that shows only when several values are combined.
  public func require(_ condition: Bool, at key: String, _ message: @autoclosure () -> String) {
    guard !condition else { return }
    ledger.problems.append(
      RecipeProblem(position: entry(key)?.value.position ?? position, message: "\(dotted(key)): \(message())"))
  }

  /// Where `key` stands, or this section if the recipe leaves the key out, for mistakes that show only when files are opened:
  /// "amd.yaml:7:9: backbone.tile".
  public func place(of key: String) -> String { "\(entry(key)?.value.position ?? position): \(dotted(key))" }

  // MARK: After reading

  /// The effects of the settings of the whole recipe.
  var effects: Effects { ledger.effects }

  /// Whether a setting that has been read so far, in any section, makes results depend on the run's length.
  var dependsOnLength: Bool { ledger.dependsOnLength }

  /// Notes that results depend on the run's length: with this recipe, a resume may not change it.
  func noteDependenceOnLength() { ledger.dependsOnLength = true }

  /// All declarations so far, in order.
  public var declarations: [Setting] { ledger.settings }

  /// Throws every mistake in this section and below it: wrong values, missing and unknown keys.
  public func finish() throws {
    noteUnknownKeys()
    guard ledger.problems.isEmpty else {
      throw RecipeError(ledger.problems.sorted { $0.place < $1.place })
    }
  }

  /// This section with every value that was read, and the values' sources as comments.
  public var resolvedNode: YAMLNode {
    var entries = resolved
    for (index, entry) in entries.enumerated() {
      if let section = sections.first(where: { $0.name == entry.name }) {
        entries[index].value = section.reader.resolvedNode
      }
    }
    return .mapping(entries)
  }

  /// Reports only misspelled keys of this section: its plugin is unknown, so other keys cannot be checked.
  func abandon() { isAbandoned = true }

  /// The recipe's value at this key, if it is text.
  func text(_ key: String) -> String? { try? entry(key)?.value.string() }

  private func noteUnknownKeys() {
    for (_, section) in sections { section.noteUnknownKeys() }
    guard let node, let entries = try? node.mapping() else { return }
    for entry in entries where !known.contains(entry.name) {
      let meant = FormerNames.current(entry.name, among: known) ?? nearest(entry.name, among: known)
      let advice = FormerNames.advice(for: dotted(entry.name)) ?? meant.map { "Did you mean '\($0)'?" }
      if isAbandoned, advice == nil { continue }
      let message =
        "unknown key '\(dotted(entry.name))'. \(advice ?? "Known here: \(Set(known).sorted().joined(separator: ", ")).")"
      ledger.problems.append(RecipeProblem(position: entry.key.position, message: message))
      // A misspelled key is one mistake, not two.
      if let meant { ledger.problems.removeAll { $0.message == missing(meant) } }
    }
  }

  /// Declares and reads a setting. For a wrong or missing value it notes the mistake and returns the default or the
  /// placeholder.
  func read<Value>(
    _ key: String, _ type: String, _ defaultValue: Value?, bounds: Bounds? = nil, _ affects: Effect?, _ meaning: String,
    show: @escaping (Value) -> String, node: ((Value) -> YAMLNode)? = nil, placeholder: Value,
    decode: (YAMLNode) throws -> Value
  ) -> Value {
    known.append(key)
    let node = node ?? { Self.node(show($0)) }
    ledger.effects.declare(dotted(key), affects)
    ledger.settings.append(
      Setting(
        key: dotted(key), type: type, defaultValue: defaultValue.map(show) ?? (asked.contains(key) ? "none" : nil),
        range: bounds?.description, affects: ledger.effects[dotted(key)], meaning: meaning))
    guard let entry = entry(key) else {
      guard let defaultValue else {
        ledger.problems.append(RecipeProblem(position: position, message: missing(key)))
        return placeholder
      }
      resolved.append(YAMLNode.Entry(key, node(defaultValue), comment: "default"))
      return defaultValue
    }
    do {
      let value = try decode(entry.value)
      resolved.append(YAMLNode.Entry(key, node(value), comment: entry.value.position.description))
      return value
    } catch let error as RecipeProblem {
      ledger.problems.append(RecipeProblem(position: error.position, message: "\(dotted(key)): \(error.message)"))
    } catch let error as Failure {
      let message = error.description.replacing("\(error.place): ", with: "").replacing("\n  ", with: ". ")
      ledger.problems.append(RecipeProblem(position: entry.value.position, message: "\(dotted(key)): \(message)"))
    } catch {
      ledger.problems.append(RecipeProblem(position: entry.value.position, message: "\(dotted(key)): \(error)"))
    }
    return defaultValue ?? placeholder
  }

  private func entry(_ key: String) -> YAMLNode.Entry? { try? node?.mapping().first { $0.name == key } }
  private func dotted(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
  private func missing(_ key: String) -> String { "the key '\(dotted(key))' is missing" }
  func problem(_ node: YAMLNode, _ message: String) -> RecipeProblem {
    RecipeProblem(position: node.position, message: message)
  }

  func bounded(_ node: YAMLNode, _ value: Double, _ bounds: Bounds) throws -> Double {
    guard bounds.allow(value) else { throw problem(node, "\(formatted(value)) is out of range (\(bounds))") }
    return value
  }

  /// A node for numbers, booleans and lists of them, in the form in which they are read.
  private static func node(_ text: String) -> YAMLNode {
    (try? YAMLNode.parse(text)) ?? .string(text)
  }
}

extension RecipeProblem: Error {
  fileprivate var place: (String, Int, Int) { (position.file, position.line, position.column) }
}
