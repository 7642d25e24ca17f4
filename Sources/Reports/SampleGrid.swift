import Fewstep
import Media
import Tensors

/// Pictures of samples: a grid where they are images, a scatter plot where they are points.
public struct Pictures {
  private let backbone: any Backbone
  private let columns: Int

  public init(_ backbone: any Backbone, columns: Int = 10) {
    self.backbone = backbone
    self.columns = columns
  }

  /// Bands of samples above one another, each with its name; nil where samples are neither images nor points of a plane.
  public func image(_ bands: [(name: String, samples: Tensor)], prompts: [Int]) throws -> PNGImage? {
    let texts =
      [PNGImage.Text("Software", "Fewstep")]
      + bands.enumerated().map { PNGImage.Text("band \($0 + 1)", $1.name) }
    if let first = bands.first, try backbone.pixels(first.samples) != nil {
      let made = try bands.map { ImageGrid.Band($0.name, try backbone.pixels($0.samples) ?? $0.samples) }
      return try ImageGrid(columns: columns, scale: 2).image(made, texts: texts)
    }
    guard backbone.sampleShape == [2], let last = bands.last else { return nil }
    // The last band in colour, over the first in grey.
    return try ScatterPlot(around: concatenated(bands.map(\.samples))).image(
      last.samples, classes: prompts, over: bands.count > 1 ? bands[0].samples : nil, texts: texts)
  }
}
