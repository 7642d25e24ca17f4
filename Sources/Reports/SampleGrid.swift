import Fewstep
import Media
import Tensors

/// One image of many samples: a grid of images, film strips of videos, or a scatter plot of points.
public struct SampleGrid {
  /// The number of frames in a video's film strip.
  private static let frames = 4
  /// The width that a grid should not exceed: larger images are shrunk by a whole factor.
  private static let width = 4096

  private let backbone: any Backbone
  /// The number of images in a row; a film strip takes the space of four.
  private let columns: Int
  /// The number of samples that are decoded at once.
  private let batch: Int

  public init(_ backbone: any Backbone, columns: Int = 10, batch: Int) {
    self.backbone = backbone
    self.columns = columns
    self.batch = batch
  }

  /// Bands of samples, one below the other, each with its name, which goes into the file's metadata. nil for points
  /// that are not in the plane.
  public func image(_ bands: [(name: String, samples: Tensor)], promptIDs: [Int]) throws -> PNGImage? {
    let texts =
      [PNGImage.Text("Software", "Fewstep")]
      + bands.enumerated().map { PNGImage.Text("band \($0 + 1)", $1.name) }
    guard backbone.medium == .points else {
      let images = try bands.map { ImageGrid.Band($0.name, try stills($0.samples)) }
      let side = images.first?.pixels.shape.last ?? 0
      return try ImageGrid(columns: samplesPerRow, scale: side <= 256 ? 2 : 1).image(images, texts: texts)
    }
    guard backbone.isPlanar, let last = bands.last else { return nil }
    // The last band in color, over the first in gray.
    return try ScatterPlot(around: concatenated(bands.map(\.samples))).image(
      last.samples, classes: promptIDs, over: bands.count > 1 ? bands[0].samples : nil, texts: texts)
  }

  /// Small images in the host's memory.
  private func stills(_ samples: Tensor) throws -> Tensor {
    try concatenated(
      stride(from: 0, to: samples.shape[0], by: batch).map { start in
        let images = try backbone.stills(
          samples.rows(start..<min(start + batch, samples.shape[0])), frames: Self.frames)
        let factor = (images.shape[3] * samplesPerRow + Self.width - 1) / Self.width
        return try (factor > 1 ? averagePooled(images, factor) : images).to(.cpu)
      })
  }

  private var samplesPerRow: Int {
    if case .videos = backbone.medium { max(1, columns / Self.frames) } else { columns }
  }
}

extension Backbone {
  /// Samples as images [B, C, H, W] in 0...1; a video becomes a film strip.
  ///
  /// - Throws: `Failure` for points.
  public func stills(_ samples: Tensor, frames: Int = 4) throws -> Tensor {
    guard let pixels = try noGrad({ try pixels(samples.to(device)) }) else {
      throw Failure(.malformed, at: "samples", expected: "images or videos", got: medium.description)
    }
    return try still(pixels, frames: frames)
  }

  /// Pixels as images [B, C, H, W]; a video becomes a film strip.
  public func still(_ pixels: Tensor, frames: Int = 4) throws -> Tensor {
    if case .videos = medium { return try filmStrip(pixels, frames: frames) }
    return pixels
  }
}
