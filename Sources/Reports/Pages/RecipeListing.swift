import Files

/// A resolved recipe as a table: each value with its source.
struct RecipeListing {
  struct Line: Equatable {
    let key: String
    let value: String
    /// `file:line:column`, `--set ...`, or `default`.
    let source: String
  }

  let lines: [Line]

  /// - Parameter text: a `recipe.yaml` as runs write it, with each value's source in its line's comment.
  init(_ text: String, file: String) throws {
    let written = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    func source(_ line: Int) -> String {
      guard (1...written.count).contains(line), let mark = written[line - 1].range(of: "  # ", options: .backwards)
      else {
        return ""
      }
      return String(written[line - 1][mark.upperBound...])
    }
    func lines(_ node: YAMLNode, _ path: String, _ place: Int) -> [Line] {
      guard case .mapping(let entries) = node.content else {
        let value = node.text().split(separator: "\n").joined(separator: " ")
        return [Line(key: path, value: value, source: source(place))]
      }
      return entries.flatMap {
        lines($0.value, path.isEmpty ? $0.name : "\(path).\($0.name)", $0.key.position.line)
      }
    }
    self.lines = lines(try YAMLNode.parse(text, file: file), "", 1)
  }

  subscript(key: String) -> String? { lines.first { $0.key == key }?.value }

  var html: HTML {
    let rows = lines.map { line -> HTML in
      "<tr><td class=\"code\">\(line.key)</td><td class=\"code\">\(line.value)</td><td class=\"source\">\(line.source)</td></tr>"
    }
    return """
      <div class="scroll"><table><thead><tr><th>key</th><th>value</th><th>source</th></tr></thead>
      <tbody>\(rows)</tbody></table></div>
      """
  }
}
