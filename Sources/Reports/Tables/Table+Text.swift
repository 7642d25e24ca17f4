extension Table {
  /// Aligned columns with two spaces between them: numbers on the right, texts on the left.
  public var text: String {
    let columns = printedColumns { $0.replacing("\n", with: " ") }
    let header = columns.map { $0.padded($0.name) }.joined(separator: "  ")
    let rule = columns.map { String(repeating: "-", count: $0.width) }.joined(separator: "  ")
    let lines = rows.indices.map { row in columns.map { $0.padded($0.cells[row]) }.joined(separator: "  ") }
    return ([header, rule] + lines).map(\.withoutTrailingSpaces).joined(separator: "\n")
  }

  /// A table in the Markdown of GitHub and most other renderers, aligned so that the source is readable too.
  public var markdown: String {
    let columns = printedColumns {
      $0.replacing("\\", with: "\\\\").replacing("|", with: "\\|").replacing("\n", with: "<br>")
    }
    func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }
    let rule = columns.map { column in
      let dashes = String(repeating: "-", count: max(1, column.width - 1))
      return column.isNumeric ? dashes + ":" : ":" + dashes
    }
    let lines = rows.indices.map { row in line(columns.map { $0.padded($0.cells[row]) }) }
    return ([line(columns.map { $0.padded($0.name) }), line(rule)] + lines).joined(separator: "\n")
  }

  struct PrintedColumn {
    let name: String
    let cells: [String]
    let isNumeric: Bool

    var width: Int { max(name.count, cells.lazy.map(\.count).max() ?? 0, 2) }

    func padded(_ cell: String) -> String {
      let spaces = String(repeating: " ", count: max(0, width - cell.count))
      return isNumeric ? spaces + cell : cell + spaces
    }
  }

  func printedColumns(_ escaped: (String) -> String) -> [PrintedColumn] {
    columns.enumerated().map { place, name in
      let cells = rows.map { $0[place] }
      let format = NumberFormat(for: cells.compactMap { if case .number(let number) = $0 { number } else { nil } })
      let isNumeric = !cells.isEmpty && !cells.contains { if case .text = $0 { true } else { false } }
      let texts = cells.map { cell in
        switch cell {
        case .text(let text): escaped(text)
        case .integer(let number): "\(number)"
        case .number(let number): format.text(number)
        case .estimate(let mean, let margin): NumberFormat.text(mean, margin: margin)
        case .missing: "-"
        }
      }
      return PrintedColumn(name: escaped(name), cells: texts, isNumeric: isNumeric)
    }
  }
}

extension String {
  fileprivate var withoutTrailingSpaces: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
