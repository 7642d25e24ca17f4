import Foundation
import Tensors

extension Table {
  /// CSV for spreadsheets (RFC 4180), with all digits.
  public var csv: String {
    func field(_ text: String) -> String {
      text.contains { ",\"\n\r".contains($0) } ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }
    let lines = rows.map { row in
      row.map { cell in
        switch cell {
        case .text(let text): field(text)
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .estimate(let mean, _): "\(mean)"
        case .missing: ""
        }
      }.joined(separator: ",")
    }
    return ([columns.map(field).joined(separator: ",")] + lines).joined(separator: "\n")
  }

  /// A `tabular` with the rules of the LaTeX package booktabs.
  public var latex: String {
    func escaped(_ text: String) -> String {
      text.reduce(into: "") { $0 += Self.latexSpecial[$1] ?? String($1) }
    }
    let alignment = columns.indices.map { place in
      rows.contains { if case .text = $0[place] { true } else { false } } ? "l" : "r"
    }.joined()
    let lines = rows.map { row in
      row.map { cell in
        switch cell {
        case .text(let text): escaped(text)
        case .integer(let number): "\(number)"
        case .number(let number): NumberFormat(for: [number]).text(number)
        case .estimate(let mean, let margin):
          NumberFormat.text(mean, margin: margin).replacing("±", with: "$\\pm$")
        case .missing: "--"
        }
      }.joined(separator: " & ") + " \\\\"
    }
    let head = [
      "\\begin{tabular}{\(alignment)}", "\\toprule", columns.map(escaped).joined(separator: " & ") + " \\\\",
      "\\midrule",
    ]
    return (head + lines + ["\\bottomrule", "\\end{tabular}"]).joined(separator: "\n")
  }

  private static let latexSpecial: [Character: String] = [
    "&": "\\&", "%": "\\%", "$": "\\$", "#": "\\#", "_": "\\_", "{": "\\{", "}": "\\}", "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}", "\\": "\\textbackslash{}",
  ]
}
