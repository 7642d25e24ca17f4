import Fewstep
import Media
import Tensors

/// A picture of a suite's samples, evenly spread over it, small and side by side.
public struct BenchmarkSheet {
  private static let side = 128

  private let suite: any Benchmark
  private let items: [BenchmarkItem]

  public init(_ suite: any Benchmark, count: Int = 40) {
    self.suite = suite
    let (all, shown) = (suite.items, min(count, suite.items.count))
    items = (0..<shown).map { all[$0 * all.count / shown] }
  }

  /// With the prompts in the file's texts "sample 1", "sample 2", ...
  public func write(below root: String, to path: String) throws {
    let pictures = try items.map { item in
      let picture = try suite.picture("\(root)/\(item.path)")
      // All of the sheet's pictures are squares, however their model makes them.
      return try resized(picture, height: Self.side, width: Self.side, .bicubic).to(.float32) / 255
    }
    let texts = items.enumerated().map { PNGImage.Text("sample \($0 + 1)", $1.prompt) }
    try ImageGrid(columns: 10).image(stacked(pictures), texts: [PNGImage.Text("Software", "Fewstep")] + texts)
      .write(to: path)
  }
}
