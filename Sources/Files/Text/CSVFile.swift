import Tensors

/// A comma-separated file with a header line (RFC 4180): quoted fields may contain commas, line breaks and doubled
/// quotes.
package struct CSVFile {
  package struct Row {
    /// The line on which the row begins, from 1 on.
    let line: Int
    fileprivate let fields: [String]
  }

  package let path: String
  package let rows: [Row]
  private let columns: [String: Int]

  /// - Parameter columns: the required columns; others may be present.
  /// - Throws: `Failure` naming the file and its line, or the missing column.
  package init(_ path: String, columns needed: [String]) throws {
    self.path = path
    var records = try Self.records(try TextFile(path))
    guard !records.isEmpty else { throw Failure(.malformed, at: path, "the file is empty") }
    let header = records.removeFirst().fields
    columns = Dictionary(header.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    for name in needed where columns[name] == nil {
      throw Failure(
        .malformed, at: "\(path):1", "the column '\(name)' is missing", expected: needed.joined(separator: ", "),
        got: header.joined(separator: ", "))
    }
    for row in records where row.fields.count != header.count {
      throw Failure(
        .malformed, at: "\(path):\(row.line)", expected: "\(header.count) fields, as the header has",
        got: "\(row.fields.count)")
    }
    rows = records
  }

  package func text(_ row: Row, _ column: String) -> String { columns[column].map { row.fields[$0] } ?? "" }

  /// The error for an invalid field.
  package func wrong(_ row: Row, _ column: String, expected: String) -> Failure {
    Failure(
      .malformed, at: "\(path):\(row.line): \(column)", expected: expected, got: "'\(text(row, column).prefix(60))'")
  }

  private static func records(_ file: TextFile) throws -> [Row] {
    let (quote, comma, newline, carriage) = (
      UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r")
    )
    let bytes = file.bytes
    var (rows, fields, field) = ([Row](), [String](), [UInt8]())
    var (place, line, first) = (0, 1, 1)
    func endField() throws {
      guard let text = String(validating: field, as: UTF8.self) else {
        throw Failure(.malformed, at: "\(file.path):\(line)", "this is not text in UTF-8")
      }
      fields.append(text)
      field = []
    }
    func endRow() throws {
      try endField()
      if fields != [""] { rows.append(Row(line: first, fields: fields)) }  // blank lines do not count
      fields = []
    }
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      switch byte {
      case quote where field.isEmpty:
        let opened = line
        while true {
          guard place < bytes.count else {
            throw Failure(.malformed, at: "\(file.path):\(opened)", "a quote is opened here and never closed")
          }
          let byte = bytes[place]
          place += 1
          if byte == quote {
            guard place < bytes.count, bytes[place] == quote else { break }
            place += 1
          } else if byte == newline {
            line += 1
          }
          field.append(byte)
        }
        guard place == bytes.count || [comma, newline, carriage].contains(bytes[place]) else {
          throw Failure(
            .malformed, at: "\(file.path):\(line)", "something follows a closing quote", expected: "a comma",
            got: String(decoding: bytes[place...].prefix(20), as: UTF8.self))
        }
      case comma: try endField()
      case carriage where place < bytes.count && bytes[place] == newline: break
      case newline:
        try endRow()
        line += 1
        first = line
      default: field.append(byte)
      }
    }
    if !fields.isEmpty || !field.isEmpty { try endRow() }
    return rows
  }
}
