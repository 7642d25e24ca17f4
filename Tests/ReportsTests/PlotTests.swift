import Foundation
import Tensors
import Testing

@testable import Media
@testable import Reports

@Suite struct PlotTests {
  private static let line = Plot(
    "a line", x: .init("step"), [.init(.line(x: [0, 1, 2], y: [1, .nan, 4]), label: "it", ink: .green)])

  @Test func `The same plot gives the same SVG, in the page's colours and with nothing that it would fetch`() throws {
    let svg = try Gnuplot().svg(Self.line)
    #expect(try Gnuplot().svg(Self.line) == svg)
    #expect(svg.hasPrefix("<svg role=\"img\" aria-label=\"a line\""))
    #expect(svg.contains("var(--ink-green, \(Ink.green.onLight))"))
    #expect(svg.contains("currentColor"))
    for absent in ["<?xml", "black", "gray", "190", " id=", "xlink", "<title>", "<script"] {
      #expect(!svg.contains(absent))
    }
  }

  @Test func `Texts are drawn as they are, whatever they would mean to gnuplot, a shell or a page`() throws {
    let scratch = NSTemporaryDirectory() + "fewstep-plot-\(UUID().uuidString)"
    let bad =
      "'; system('touch \(scratch)'); ` touch \(scratch)` $(touch \(scratch)) \"\\n\" {/Bold x}_2 @a <script>&\nEOD\nexit"
    var plot = Self.line
    plot.title = bad
    plot.x.label = bad
    plot.series[0].label = bad
    let svg = try Gnuplot().svg(plot)
    #expect(!FileManager.default.fileExists(atPath: scratch))
    #expect(!svg.contains("<script"))
    // Once in the label of the axis and once in the key.
    #expect(svg.components(separatedBy: "{/Bold x}_2 @a &lt;script>").count == 3)
    #expect(quoted("it's\n") == "'it’s '")
  }

  @Test func `A plot without data says so, and one on a logarithmic axis with a 0 is drawn on a plain one`() throws {
    let nothing = Plot("n", [.init(.line(x: [0], y: [.nan])), .init(.bars(x: [], y: [], width: 1))])
    #expect(!nothing.hasData)
    #expect(try Gnuplot().svg(nothing).contains("no data"))
    let zero = Plot("z", y: .init(isLogarithmic: true), [.init(.line(x: [0, 1], y: [0, 1000]))])
    #expect(!zero.script().contains("logscale"))
    let rising = Plot("r", y: .init(isLogarithmic: true), [.init(.line(x: [0, 1], y: [1, 1000]))])
    #expect(rising.script().contains("logscale y"))
    let level = Plot("l", y: .init(isLogarithmic: true), [.init(.line(x: [0, 1], y: [1, 2]))])
    #expect(!level.script().contains("logscale"))
  }

  @Test func `A figure is a PNG of its size, and several are an animation`() throws {
    let field = Plot(
      "f", x: .init(range: 0...1), y: .init(range: 0...1), isIsometric: true,
      [
        .init(.heat(x: [0.25, 0.75, 0.25, 0.75], y: [0.25, 0.25, 0.75, 0.75], value: [0, 1, 2, 3])),
        .init(.points(x: [0.5], y: [0.5], size: 2)), .init(.arrows(x: [0.2], y: [0.2], dx: [0.3], dy: [0.1])),
        .init(.band(x: [0, 1], low: [0, 0.1], high: [0.2, 0.3])),
      ])
    let figure = Figure("title", columns: 2, panelWidth: 120, panelHeight: 100, [field, Self.line, field])
    let data = try Gnuplot().png(figure)
    #expect(try Gnuplot().png(figure) == data)
    let image = try data.withUnsafeBytes { try PNGImage(decoding: $0, from: "figure") }
    #expect(image.width == 240 && image.height == 234)
    let gif = try Gnuplot().gif([figure, figure])
    #expect(gif.starts(with: Data("GIF89a".utf8)))
    // Each frame has a graphic control extension.
    #expect(gif.indices.dropLast(2).count { gif[$0...($0 + 2)].elementsEqual([0x21, 0xF9, 0x04]) } == 2)
  }

  @Test func `Without gnuplot, the error says how to get it`() {
    #expect { _ = try Gnuplot(path: "/nonexistent") } throws: {
      "\($0)" == "gnuplot: not installed (apt-get install gnuplot-nox)"
    }
  }

  @Test func `A curve is the mean of each stretch of steps and the spread within it`() {
    let few = Curve(x: [2, 1, 1, 1], y: [5, 0, 1, 2])
    #expect(few.x == [1, 2] && few.mean == [1, 5])
    #expect(few.low == [0.2, 5] && few.high == [1.8, 5])
    let many = Curve(x: (0..<1000).map(Double.init), y: (0..<1000).map { $0 == 7 ? .nan : 1 }, limit: 10)
    #expect(many.x.count == 10 && many.mean == Array(repeating: 1, count: 10))
    #expect(Curve(x: [], y: []).x.isEmpty)
  }
}
