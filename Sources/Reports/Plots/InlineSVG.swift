import Foundation

/// Adapts gnuplot's SVG to a page: removes the header and names that would occur twice, makes it smaller, and uses the
/// page's colors.
enum InlineSVG {
  static func themed(_ svg: String, label: String) -> String {
    var text = svg
    if let start = text.range(of: "<svg") { text.removeSubrange(text.startIndex..<start.lowerBound) }
    for (pattern, replacement) in removals {
      text = text.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression)
    }
    // Groups are emptied from the innermost outwards.
    var before = ""
    while before != text {
      before = text
      text = text.replacingOccurrences(of: #"<g [^>]*>\s*</g>\s*"#, with: "", options: .regularExpression)
    }
    for ink in Ink.allCases { text = text.replacing(ink.inSVG, with: "var(\(ink.variable), \(ink.onLight))") }
    return text.replacing("<svg", with: "<svg role=\"img\" aria-label=\"\(HTML.escaped(label))\"", maxReplacements: 1)
  }

  private static let removals = [
    (#"<title>[^<]*</title>"#, ""), (#"<desc>[^<]*</desc>"#, ""), (#"(?s)<defs>.*?</defs>"#, ""),
    (#" id=["'][^"']*["']"#, ""), (#" class=["'][^"']*["']"#, ""), (#"\s*xmlns:xlink="[^"]*""#, ""),
    (#"\s*<rect [^>]*fill="none"/>"#, ""),
    // Dots are references to a definition that was removed.
    (
      #"<use xlink:href='#gpPt6' transform='translate\(([0-9.]+),([0-9.]+)\) scale\(([0-9.]+)\)' color='([^']*)'/>"#,
      "<circle cx='$1' cy='$2' r='$3' fill='$4' stroke='none'/>"
    ),
    (#"(fill|stroke|color)=(["'])black\2"#, "$1=$2currentColor$2"),
    (#"rgb\(190, 190, 190\)"#, "gray"), (#"(fill|stroke|color)=(["'])gray\2"#, "$1=$2var(--grid, #ccc)$2"),
    (#"color=(["'])(currentColor|white)\1 "#, ""), (#"\n\s*"#, "\n"),
  ]
}
