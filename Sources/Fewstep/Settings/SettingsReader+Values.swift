import Files
import Foundation

/// The values of a section. `affects` is the effect of a value, if it differs from its section's.
extension SettingsReader {
  /// A number. Without a default the recipe must give it.
  public func number(
    _ key: String, default defaultValue: Double? = nil, in bounds: Bounds = .any, affects: Effect? = nil,
    _ meaning: String
  )
    -> Double
  {
    read(key, "number", defaultValue, bounds: bounds, affects, meaning, show: formatted, placeholder: bounds.inside) {
      node in
      try self.bounded(node, try node.number(), bounds)
    }
  }

  /// A number that may be left out; then nil.
  public func optionalNumber(_ key: String, in bounds: Bounds = .any, affects: Effect? = nil, _ meaning: String)
    -> Double?
  {
    read(
      key, "number or null", .some(nil), bounds: bounds, affects, meaning, show: { $0.map(formatted) ?? "null" },
      placeholder: nil
    ) {
      node in node.isNull ? nil : try self.bounded(node, try node.number(), bounds)
    }
  }

  /// A whole number, of 32 bits at most.
  public func integer(
    _ key: String, default defaultValue: Int? = nil, in bounds: Bounds = .any, affects: Effect? = nil, _ meaning: String
  ) -> Int {
    let bounds = bounds.whole
    return read(
      key, "whole number", defaultValue, bounds: bounds, affects, meaning, show: String.init,
      placeholder: Int(bounds.inside.rounded(.up))
    ) { node in
      let value = try node.integer()
      _ = try self.bounded(node, Double(value), bounds)
      return value
    }
  }

  public func boolean(_ key: String, default defaultValue: Bool? = nil, affects: Effect? = nil, _ meaning: String)
    -> Bool
  {
    read(key, "true or false", defaultValue, affects, meaning, show: { "\($0)" }, placeholder: false) {
      try $0.boolean()
    }
  }

  public func string(_ key: String, default defaultValue: String? = nil, affects: Effect? = nil, _ meaning: String)
    -> String
  {
    read(key, "text", defaultValue, affects, meaning, show: { $0 }, node: YAMLNode.string, placeholder: "") {
      try $0.string()
    }
  }

  /// A file or folder: `~` is the home folder; any other path that does not begin with / is relative to the working
  /// folder. What begins with weights/ and is not there may be a shipped file.
  public func path(_ key: String, default defaultValue: String? = nil, affects: Effect? = nil, _ meaning: String)
    -> String
  {
    read(
      key, "path", defaultValue.map(absolute), affects, meaning, show: { $0 }, node: YAMLNode.string, placeholder: ""
    ) {
      absolute(try $0.string())
    }
  }

  /// One of an enum's raw values.
  public func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, default defaultValue: Choice? = nil, affects: Effect? = nil, _ meaning: String
  ) -> Choice {
    let names = Choice.allCases.map(\.rawValue)
    let name = oneOf(key, names, default: defaultValue?.rawValue, affects: affects, meaning)
    return Choice(rawValue: name) ?? Choice.allCases.first!
  }

  /// One of several names.
  public func oneOf(
    _ key: String, _ names: [String], default defaultValue: String? = nil, affects: Effect? = nil, _ meaning: String
  ) -> String {
    read(
      key, "one of \(names.joined(separator: ", "))", defaultValue, affects, meaning, show: { $0 },
      node: YAMLNode.string,
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
    _ key: String, default defaultValue: [Double]? = nil, in bounds: Bounds = .any, count: Int? = nil,
    affects: Effect? = nil, _ meaning: String
  ) -> [Double] {
    let type = count.map { "list of \($0) numbers" } ?? "list of numbers"
    return read(
      key, type, defaultValue, bounds: bounds, affects, meaning, show: Self.list,
      placeholder: Array(repeating: bounds.inside, count: count ?? 1)
    ) { try self.items($0, bounds, count) }
  }

  /// Numbers that may be left out; then nil.
  public func optionalNumbers(_ key: String, in bounds: Bounds = .any, affects: Effect? = nil, _ meaning: String)
    -> [Double]?
  {
    read(
      key, "list of numbers or null", .some(nil), bounds: bounds, affects, meaning,
      show: { $0.map(Self.list) ?? "null" },
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

  private static func list(_ numbers: [Double]) -> String { "[\(numbers.map(formatted).joined(separator: ", "))]" }

  /// Whole numbers, of 32 bits at most; the list may be empty.
  public func integers(
    _ key: String, default defaultValue: [Int]? = nil, in bounds: Bounds = .any, affects: Effect? = nil,
    _ meaning: String
  )
    -> [Int]
  {
    let bounds = bounds.whole
    return read(
      key, "list of whole numbers", defaultValue, bounds: bounds, affects, meaning, show: { "\($0)" }, placeholder: []
    ) {
      node in
      try node.sequence().map {
        let value = try $0.integer()
        _ = try self.bounded($0, Double(value), bounds)
        return value
      }
    }
  }

  public func strings(_ key: String, default defaultValue: [String]? = nil, affects: Effect? = nil, _ meaning: String)
    -> [String]
  {
    read(
      key, "list of texts", defaultValue, affects, meaning, show: { "[\($0.joined(separator: ", "))]" },
      node: { .sequence($0.map(YAMLNode.string)) }, placeholder: []
    ) {
      try $0.sequence().map { try $0.string() }
    }
  }
}

private func absolute(_ path: String) -> String {
  let expanded = NSString(string: path).expandingTildeInPath
  guard !expanded.hasPrefix("/") else { return URL(fileURLWithPath: expanded).standardizedFileURL.path }
  let here = URL(fileURLWithPath: FileManager.default.currentDirectoryPath + "/" + expanded).standardizedFileURL.path
  // Shipped recipes name shipped weights, and run from any folder.
  if expanded.hasPrefix("weights/"), !FileManager.default.fileExists(atPath: here), let files = Release.files,
    FileManager.default.fileExists(atPath: "\(files)/\(expanded)")
  {
    return "\(files)/\(expanded)"
  }
  return here
}
