import Tensors

/// Results in rows and named columns, for a terminal, a Markdown page or another program.
public struct Table: Equatable, Sendable {
  /// The columns' names.
  public let columns: [String]
  /// The rows, each with a cell for every column.
  public private(set) var rows: [[TableCell]] = []

  /// A table without rows.
  public init(columns: [String]) { self.columns = columns }

  /// - Throws: `Failure` if the number of cells is not the number of columns.
  public init(columns: [String], rows: [[TableCell]]) throws {
    self.init(columns: columns)
    for row in rows { try append(row) }
  }

  /// - Throws: `Failure` if the number of cells is not the number of columns.
  public mutating func append(_ row: [TableCell]) throws {
    guard row.count == columns.count else {
      throw Failure(
        .malformed, at: "table", expected: "\(columns.count) cells: \(columns.joined(separator: ", "))",
        got: "\(row.count)")
    }
    rows.append(row)
  }

  /// Each row by column name, for JSON.
  public var records: [[String: TableCell]] {
    rows.map { Dictionary(zip(columns, $0)) { first, _ in first } }
  }
}
