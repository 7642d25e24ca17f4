import Foundation

// gnuplot's language. External texts are in single quotes, in which no character is special, and with `noenhanced`, so
// that no character is markup.
extension Plot {
  /// The commands that draw the plot on the current terminal.
  ///
  /// - Parameter isPanel: whether it is one of several plots in an image: with its title, without a key.
  func script(isPanel: Bool = false) -> String {
    let hasKey = !isPanel && series.contains { $0.label != nil }
    var lines = ["reset", isPanel ? "set title \(quoted(title))" : "set tmargin \(hasKey ? 2 : 0.7)"]
    lines += [
      "set border 3 back", "set format '%g'", "set tics nomirror out scale 0.6", "set grid lt 1 lc rgb 'gray' lw 0.5",
      "set style fill solid 0.18 noborder", "set datafile missing 'NaN'",
      hasKey ? "set key above left horizontal Left reverse samplen 1.2 width 2" : "unset key",
    ]
    lines += axis(x, "x") + axis(y, "y")
    if isIsometric { lines.append("set size ratio -1") }
    for (index, one) in series.enumerated() {
      lines.append("$D\(index) << EOD")
      let columns = one.drawnColumns
      for row in 0..<(columns.map(\.count).min() ?? 0) {
        lines.append(columns.map { number($0[row]) }.joined(separator: " "))
      }
      lines.append("EOD")
    }
    let drawn = series.indices.filter { series[$0].finiteRows > 0 }
    if drawn.isEmpty {
      lines += ["set label 1 'no data' at graph 0.5, graph 0.5 center", "unset grid", "set xrange [0:1]"]
      lines += ["set yrange [0:1]", "plot NaN notitle"]
    } else {
      lines.append("plot " + drawn.map { element(series[$0], "$D\($0)") }.joined(separator: ", "))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func element(_ series: Series, _ data: String) -> String {
    let color = "lc rgb '\(series.ink.onLight)'"
    let title = series.label.map { "title \(quoted($0))" } ?? "notitle"
    let dash = series.isDashed ? " dt 2" : ""
    let drawn =
      switch series.shape {
      case .line: "using 1:2 with lines lw 1.8\(dash) \(color)"
      case .band: "using 1:2:3 with filledcurves \(color)"
      case .bars(_, _, let width): "using 1:2:(\(number(width))) with boxes fs solid 0.55 \(color)"
      case .points(_, _, let size): "using 1:2 with points pt 7 ps \(number(0.35 * size)) \(color)"
      case .arrows: "using 1:2:3:4 with vectors head filled size screen 0.0045,22 lw 1 \(color)"
      case .heat: "using 1:2:3:4:5 with rgbimage"
      }
    return "\(data) \(drawn) \(title)"
  }

  private func axis(_ axis: Axis, _ name: String) -> [String] {
    var lines =
      axis.label.isEmpty ? [] : ["set \(name)label \(quoted(axis.label)) offset \(name == "x" ? "0,0.5" : "1.5,0")"]
    if isLogarithmic(axis, name) { lines += ["set logscale \(name)"] }
    if let range = axis.range, range.lowerBound < range.upperBound {
      lines.append("set \(name)range [\(number(range.lowerBound)):\(number(range.upperBound))]")
    } else {
      lines.append("set autoscale \(name)fix")
      if name == "y" { lines.append("set offsets 0, 0, graph 0.06, graph 0.06") }
    }
    return lines
  }

  /// Whether to use a logarithm: it needs positive numbers, and helps only if they differ much.
  private func isLogarithmic(_ axis: Axis, _ name: String) -> Bool {
    guard axis.isLogarithmic else { return false }
    let values = series.flatMap { name == "x" ? $0.columns[0] : $0.columns.dropFirst().flatMap { $0 } }
      .filter(\.isFinite)
    guard let least = values.min(), let largest = values.max(), least > 0 else { return false }
    return largest > 50 * least
  }
}

extension Plot.Series {
  /// A heat map's values as red, green and blue: gnuplot's own palettes exceed the 256 colors of an animation.
  fileprivate var drawnColumns: [[Double]] {
    guard case .heat(let x, let y, let value) = shape else { return columns }
    let finite = value.filter(\.isFinite)
    let (least, most) = (finite.min() ?? 0, finite.max() ?? 0)
    // In 32 steps, for the same reason.
    let shares = value.map { most > least ? (($0 - least) / (most - least) * 32).rounded() / 32 : $0 * 0 }
    return [x, y]
      + [(255, 52), (255, 76), (255, 104)].map { light, dark in
        shares.map { (light + (dark - light) * $0).rounded() }
      }
  }
}

/// A text as gnuplot's literal. Control characters, which a literal cannot contain, become blanks, and quotes become
/// apostrophes, since gnuplot takes a doubled quote at the beginning of a text for its end.
func quoted(_ text: String) -> String {
  let plain = text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : String($0) }.joined()
  return "'\(plain.replacing("'", with: "’"))'"
}

/// More than seven digits are not visible.
private func number(_ value: Double) -> String { value.isFinite ? "\(Float(value))" : "NaN" }

extension Figure {
  /// The commands that draw all panels as one image on the current terminal.
  var script: String {
    let share = Double(rows * panelHeight) / Double(height)
    var lines = ["set multiplot"]
    if !title.isEmpty {
      lines.append("set label 99 \(quoted(title)) at screen 0.5, screen \(0.5 + share / 2) center front")
      lines += ["set origin 0, 0", "set size 1, 1", "unset border", "unset tics", "unset key"]
      lines += ["plot [0:1][0:1] NaN notitle", "unset label 99"]
    }
    let (width, height) = (1 / Double(columns), share / Double(rows))
    for (index, panel) in panels.enumerated() {
      let (row, column) = (index / columns, index % columns)
      // `reset` in a panel's script resets neither the multiplot nor the panel's position in it.
      let place = [
        "set origin \(Double(column) * width), \(share - Double(row + 1) * height)", "set size \(width), \(height)",
      ]
      lines.append(
        panel.script(isPanel: true).replacing("reset\n", with: "reset\n" + place.joined(separator: "\n") + "\n"))
    }
    return (lines + ["unset multiplot"]).joined(separator: "\n") + "\n"
  }
}
