import Tensors

/// A shard's description of itself, stored as attributes of its file.
struct ShardLabel {
  let kind: String?
  /// The inputs that determined the rows.
  let fingerprint: Fingerprint
  /// The location of the rows' source, such as a file of prompts.
  var origin: String?
  /// A hash of the rows' source.
  var source: String?
  var rows: Int?
  /// A hash of all datasets when they were written.
  var contents: String?

  init(kind: String, _ fingerprint: Fingerprint) {
    self.kind = kind
    self.fingerprint = fingerprint
  }

  /// - Throws: `Failure` if the file is damaged. Missing attributes are nil.
  init(_ file: HDF5File) throws {
    func text(_ name: String) throws -> String? {
      if case .string(let text)? = try file.attribute(name) { text } else { nil }
    }
    kind = try text("kind")
    fingerprint = try file.fingerprint("fingerprint")
    (origin, source, contents) = (try text("origin"), try text("source"), try text("contents"))
    rows = if case .integer(let count)? = try file.attribute("rows") { Int(count) } else { nil }
  }

  func write(to file: HDF5File) throws {
    try file.setFingerprint(fingerprint, as: "fingerprint")
    for (name, text) in [("kind", kind), ("origin", origin), ("source", source), ("contents", contents)] {
      if let text { try file.setAttribute(name, .string(text)) }
    }
    if let rows { try file.setAttribute("rows", .integer(Int64(rows))) }
  }

  /// One hash of all datasets. Reads them all.
  static func contents(of file: HDF5File) throws -> String {
    hash(
      try file.items().compactMap { item in
        guard case .dataset(_, let dtype) = item.kind else { return nil }
        let value =
          try dtype == nil ? hash(file.strings(item.path).joined(separator: "\u{0}")) : hash([file.read(item.path)])
        return "\(item.path) \(value)"
      }.joined(separator: "\n"))
  }

  // MARK: The data set that it belongs to

  func isOf(_ other: ShardLabel) -> Bool { kind == other.kind && fingerprint == other.fingerprint }

  /// - Throws: `Failure` with the differences.
  func check(_ place: String, is expected: ShardLabel) throws {
    guard kind == expected.kind else {
      throw Self.other(place, expected: expected.kind ?? "none", got: kind ?? "something else")
    }
    let differences = fingerprint.differences(from: expected.fingerprint)
    guard differences.isEmpty else { throw Self.other(place, differences) }
  }

  static func other(
    _ place: String, _ differences: [String] = [], expected: String? = nil, got: String? = nil
  ) -> Failure {
    Failure(
      .malformed, at: place, (["the folder holds another data set"] + differences).joined(separator: "; "),
      expected: expected, got: got, advice: "Name another folder, or remove this one.")
  }
}
