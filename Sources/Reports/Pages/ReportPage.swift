/// A page in a single file: without scripts or external resources. It follows the reader's light or dark mode, and its
/// columns adapt to the width of the window.
public struct ReportPage {
  /// A titled part of the page.
  public struct Section {
    let title: String
    let content: [HTML]

    /// A section; an empty one is left out.
    public init(_ title: String, _ content: [HTML]) {
      self.title = title
      self.content = content
    }

    /// The anchor for links within the page.
    var anchor: String { title.lowercased().map { $0.isLetter || $0.isNumber ? "\($0)" : "-" }.joined() }
  }

  let title: String
  /// Content above the sections.
  let head: [HTML]
  /// The sections. Those without content are left out.
  let sections: [Section]

  /// A page of sections.
  public init(_ title: String, head: [HTML], _ sections: [Section]) {
    self.title = title
    self.head = head
    self.sections = sections.filter { !$0.content.isEmpty }
  }

  /// The whole page.
  public var html: HTML {
    let links = sections.map { section -> HTML in "<a href=\"#\(section.anchor)\">\(section.title)</a>" }
    let parts = sections.map { section -> HTML in
      "<section id=\"\(section.anchor)\"><h2>\(section.title)</h2>\(section.content)</section>"
    }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="generator" content="Fewstep">
      <title>\(title)</title>
      <style>\(HTML(markup: Self.style))</style>
      </head>
      <body>
      <header><h1>\(title)</h1>\(head)</header>
      <nav>\(links)</nav>
      <main>\(parts)</main>
      </body>
      </html>

      """
  }

  /// Boxes next to each other, as many as fit.
  static func grid(_ boxes: [HTML]) -> [HTML] {
    boxes.isEmpty ? [] : ["<div class=\"grid\">\(boxes)</div>"]
  }

  /// An image with its caption.
  static func figure(_ content: HTML, _ caption: String) -> HTML {
    let text: HTML? = caption.isEmpty ? nil : "<figcaption>\(caption)</figcaption>"
    return "<figure>\(content)\(text)</figure>"
  }

  /// A plot under its title; nil if there is nothing to draw.
  static func plot(_ plot: Plot, _ caption: String = "", with gnuplot: Gnuplot) throws -> HTML? {
    guard plot.hasData else { return nil }
    let drawn = HTML(markup: try gnuplot.svg(plot))
    return figure("<h3>\(plot.title)</h3>\(drawn)", caption)
  }

  /// Names and values, as a list of facts.
  static func facts(_ facts: [(name: String, value: String)]) -> HTML {
    let items = facts.map { fact -> HTML in "<div><dt>\(fact.name)</dt><dd>\(fact.value)</dd></div>" }
    return "<dl class=\"facts\">\(items)</dl>"
  }

  private static let style: String = {
    func inks(_ color: (Ink) -> String) -> String {
      Ink.allCases.filter { $0 != .black }.map { "\($0.variable):\(color($0))" }.joined(separator: ";")
    }
    return """

      :root{--page:#fff;--box:#f6f7f8;--line:#d9dde1;--grid:#d0d4d8;--text:#1c2126;--pale:#5a646d;--link:#0063a8;
      --warn:#fff4d6;--warn-line:#d9a400;--bad:#fde7e4;--bad-line:#c8402f;\(inks(\.onLight))}
      @media (prefers-color-scheme:dark){:root{--page:#14171a;--box:#1d2125;--line:#343b41;--grid:#4d555c;--text:#e4e7ea;
      --pale:#9aa5ae;--link:#6db8f2;--warn:#37300f;--warn-line:#c39a1a;--bad:#3b1d1a;--bad-line:#d2604f;\(inks(\.onDark))}}
      *{box-sizing:border-box}
      html{-webkit-text-size-adjust:100%}
      body{margin:0 auto;padding:1.5rem clamp(1rem,4vw,3rem) 4rem;max-width:84rem;background:var(--page);color:var(--text);
      font:16px/1.5 system-ui,-apple-system,"Segoe UI","Liberation Sans",Roboto,Arial,sans-serif}
      h1{font-size:1.9rem;line-height:1.2;margin:.2rem 0 .8rem;overflow-wrap:anywhere}
      h2{font-size:1.3rem;margin:2.6rem 0 .8rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}
      h3{font-size:1.05rem;margin:1.6rem 0 .5rem}
      p{max-width:46rem;margin:.6rem 0}
      a{color:var(--link)}
      nav{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;margin-top:1.2rem;font-size:.95rem}
      .facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.7rem 1.2rem;margin:1rem 0}
      .facts dt{color:var(--pale);font-size:.82rem}
      .facts dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
      .grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,23rem),1fr));gap:1rem;align-items:start}
      figure{margin:0;padding:.7rem .7rem .6rem;background:var(--box);border:1px solid var(--line);border-radius:8px;
      min-width:0}
      figure h3{margin:0 0 .3rem;font-size:.95rem}
      figure svg{display:block;width:100%;height:auto}
      figure img{display:block;max-width:100%;max-height:40rem;width:auto;height:auto;margin:0 auto;background:#fff;border-radius:3px}
      figcaption{color:var(--pale);font-size:.86rem;margin-top:.4rem;overflow-wrap:anywhere}
      .scroll{overflow-x:auto;margin:.8rem 0;border:1px solid var(--line);border-radius:8px}
      table{border-collapse:collapse;width:100%;font-size:.92rem}
      th,td{padding:.35rem .75rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
      thead th{background:var(--box);font-weight:600;white-space:nowrap}
      tbody tr:last-child td{border-bottom:0}
      td{font-variant-numeric:tabular-nums}
      .number{text-align:right;white-space:nowrap}
      .source{color:var(--pale);white-space:nowrap}
      code,.code{font-family:ui-monospace,"SF Mono","DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:.9em}
      .note{padding:.6rem .9rem;margin:.6rem 0;border-left:4px solid var(--warn-line);background:var(--warn);
      border-radius:0 6px 6px 0;max-width:60rem;overflow-wrap:anywhere}
      .note.bad{border-color:var(--bad-line);background:var(--bad)}
      .legend{grid-column:1/-1;list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;
      font-size:.92rem;overflow-wrap:anywhere}
      .legend span{display:inline-block;width:1.6rem;margin-right:.45rem;vertical-align:middle}
      .pale{color:var(--pale)}
      @media print{.scroll{overflow:visible}nav{display:none}}

      """
  }()
}
