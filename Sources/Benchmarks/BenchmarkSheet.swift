import Fewstep
import Media
import Tensors

/// An overview image of a benchmark's samples, evenly spread over it, small and side by side.
public struct BenchmarkSheet {
  private static let side = 128

  private let benchmark: any Benchmark
  private let items: [BenchmarkItem]

  /// A sheet of `count` items at most.
  public init(_ benchmark: any Benchmark, count: Int = 40) {
    self.benchmark = benchmark
    let (all, count) = (benchmark.items, min(count, benchmark.items.count))
    items = (0..<count).map { all[$0 * all.count / count] }
  }

  /// Writes the sheet, with the prompts in the file's texts "sample 1", "sample 2", ...
  public func write(below root: String, to path: String) throws {
    let images = try items.map { item in
      let image = try benchmark.image("\(root)/\(item.path)")
      // All images in the sheet are squares, whatever the shape of the samples.
      return try resized(image, height: Self.side, width: Self.side, .bicubic).to(.float32) / 255
    }
    let texts = items.enumerated().map { PNGImage.Text("sample \($0 + 1)", $1.prompt) }
    try ImageGrid(columns: 10).image(stacked(images), texts: [PNGImage.Text("Software", "Fewstep")] + texts)
      .write(to: path)
  }
}
