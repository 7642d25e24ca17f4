extension Table {
  /// A table in its own box, which scrolls if the page is narrow.
  public var html: HTML {
    let columns = printedColumns { $0 }
    let head = columns.map { column -> HTML in
      column.isNumeric ? "<th class=\"number\">\(column.name)</th>" : "<th>\(column.name)</th>"
    }
    let body = rows.indices.map { row -> HTML in
      let cells = columns.map { column -> HTML in
        column.isNumeric ? "<td class=\"number\">\(column.cells[row])</td>" : "<td>\(column.cells[row])</td>"
      }
      return "<tr>\(cells)</tr>"
    }
    return "<div class=\"scroll\"><table><thead><tr>\(head)</tr></thead><tbody>\(body)</tbody></table></div>"
  }
}
