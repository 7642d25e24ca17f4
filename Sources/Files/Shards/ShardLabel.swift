import Foundation
import Tensors

/// What a shard says of itself, in its file's attributes.
struct ShardLabel {
  let kind: String?
  let attributes: [String: String]
  /// Where what the rows are made from lies.
  var origin: String?
  /// A digest of what the rows are made from.
  var source: String?
  var rows: Int?
  /// Of all that the file holds, as it was when it was written.
  var contents: String?

  init(kind: String, attributes: [String: String]) {
    self.kind = kind
    self.attributes = attributes
  }

  /// - Throws: `Failure` where the file is damaged; what is not there is nil.
  init(_ file: HDF5File) throws {
    func text(_ name: String) throws -> String? {
      if case .string(let text)? = try file.attribute(name) { text } else { nil }
    }
    kind = try text("kind")
    attributes =
      try text("attributes").flatMap { try? JSONDecoder().decode([String: String].self, from: Data($0.utf8)) } ?? [:]
    (origin, source, contents) = (try text("origin"), try text("source"), try text("contents"))
    rows = if case .integer(let count)? = try file.attribute("rows") { Int(count) } else { nil }
  }

  func write(to file: HDF5File) throws {
    let attributes = JSONValue.object(attributes.mapValues(JSONValue.string)).description
    for (name, text) in [
      ("kind", kind), ("attributes", attributes), ("origin", origin), ("source", source), ("contents", contents),
    ] {
      if let text { try file.setAttribute(name, .string(text)) }
    }
    if let rows { try file.setAttribute("rows", .integer(Int64(rows))) }
  }

  /// One hash of all datasets, which reads them.
  static func contents(of file: HDF5File) throws -> String {
    hash(
      try file.items().compactMap { item in
        guard case .dataset(_, let dtype) = item.kind else { return nil }
        let value =
          try dtype == nil ? hash(file.texts(item.path).joined(separator: "\u{0}")) : hash([file.read(item.path)])
        return "\(item.path) \(value)"
      }.joined(separator: "\n"))
  }

  // MARK: Which data set it belongs to

  func isOf(_ other: ShardLabel) -> Bool { kind == other.kind && attributes == other.attributes }

  /// - Throws: `Failure` with what both say where they differ.
  func check(_ place: String, is expected: ShardLabel) throws {
    if isOf(expected) { return }
    if kind != expected.kind {
      throw Self.other(place, expected: expected.kind ?? "none", got: kind ?? "something else")
    }
    let keys = Set(attributes.keys).union(expected.attributes.keys)
      .filter { attributes[$0] != expected.attributes[$0] }.sorted()
    func words(_ label: ShardLabel) -> String {
      keys.map { "\($0) \(label.attributes[$0] ?? "none")" }.joined(separator: ", ")
    }
    throw Self.other(place, expected: words(expected), got: words(self))
  }

  static func other(_ place: String, expected: String, got: String) -> Failure {
    Failure(
      .malformed, at: place, "the folder holds another data set", expected: expected, got: got,
      advice: "Name another folder, or remove this one.")
  }
}
