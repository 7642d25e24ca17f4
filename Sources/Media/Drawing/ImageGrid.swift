import Files
import Tensors

/// Samples side by side in one image, in bands one below the other, such as a teacher's above a student's.
public struct ImageGrid: Sendable {
  /// Samples that belong together.
  public struct Band {
    /// The band's description. It goes into the file as text; nothing is drawn.
    public let label: String
    /// Float [n, C, H, W] in 0...1, C = 1 or 3. Values outside are clamped; NaN becomes black.
    public let pixels: Tensor

    /// A band of samples [B, C, H, W] in 0...1.
    public init(_ label: String, _ pixels: Tensor) {
      self.label = label
      self.pixels = pixels
    }
  }

  /// Images per row.
  public var columns: Int
  /// The factor by which each pixel is enlarged.
  public var scale: Int
  /// Pixels between samples and around the grid.
  public var separator: Int
  /// Pixels between bands.
  public var bandSeparator: Int

  /// The layout of a grid.
  public init(columns: Int = 8, scale: Int = 1, separator: Int = 1, bandSeparator: Int = 6) {
    self.columns = columns
    self.scale = scale
    self.separator = separator
    self.bandSeparator = bandSeparator
  }

  /// - Parameter pixels: float [n, C, H, W] in 0...1, C = 1 or 3.
  public func image(_ pixels: Tensor, texts: [PNGImage.Text] = []) throws -> PNGImage {
    try image([Band("", pixels)], texts: texts)
  }

  /// Draws the bands from top to bottom. Their labels are in the PNG's texts "band 1", "band 2", ... Gray bands become
  /// RGB if others are in color.
  ///
  /// - Throws: `Failure` if there is nothing to draw, the samples differ in height or width, or the image is too large.
  public func image(_ bands: [Band], texts: [PNGImage.Text] = []) throws -> PNGImage {
    guard columns > 0, scale > 0, separator >= 0, bandSeparator >= 0 else {
      throw Failure(
        .malformed, at: "image grid", expected: "columns and scale from 1, separators from 0",
        got: "\(columns), \(scale), \(separator), \(bandSeparator)")
    }
    let size = try commonSize(bands)
    let (stepX, stepY) = (size.width * scale + separator, size.height * scale + separator)
    let rowCounts = bands.map { ($0.pixels.shape[0] + columns - 1) / columns }
    let usedColumns = min(columns, bands.map { $0.pixels.shape[0] }.max() ?? 0)
    var canvas = Canvas(
      width: separator + usedColumns * stepX,
      height: separator + rowCounts.reduce(0, +) * stepY + (bands.count - 1) * bandSeparator,
      color: bands.contains { $0.pixels.shape[1] == 3 } ? .rgb : .grey, background: .init(grey: 255))
    var top = separator
    for (band, rowCount) in zip(bands, rowCounts) {
      let bytes = try (band.pixels.to(.float32).nanToNumber().clamped(0, 1) * 255).rounded().to(.uint8)
      try bytes.withBytes { bytes in
        for index in 0..<band.pixels.shape[0] {
          let sample = bytes[(index * band.pixels.shape[1] * size.height * size.width)...]
          let corner = (x: separator + index % columns * stepX, y: top + index / columns * stepY)
          draw(UnsafeRawBufferPointer(rebasing: sample), band.pixels.shape[1], size, at: corner, &canvas)
        }
      }
      top += rowCount * stepY + bandSeparator
    }
    let labels = bands.enumerated().filter { !$1.label.isEmpty }.map { PNGImage.Text("band \($0 + 1)", $1.label) }
    return try canvas.image(labels + texts)
  }

  /// Draws a sample's planes, channel by channel.
  private func draw(
    _ planes: UnsafeRawBufferPointer, _ channels: Int, _ size: (height: Int, width: Int), at corner: (x: Int, y: Int),
    _ canvas: inout Canvas
  ) {
    let plane = size.height * size.width
    for y in 0..<size.height {
      for x in 0..<size.width {
        let place = y * size.width + x
        let ink =
          channels == 1
          ? Canvas.Ink(grey: planes[place])
          : Canvas.Ink(planes[place], planes[plane + place], planes[2 * plane + place])
        let (left, top) = (corner.x + x * scale, corner.y + y * scale)
        canvas.fill(left..<left + scale, top..<top + scale, ink)
      }
    }
  }

  private func commonSize(_ bands: [Band]) throws -> (height: Int, width: Int) {
    for band in bands {
      let shape = band.pixels.shape
      guard shape.count == 4, [1, 3].contains(shape[1]), !shape.contains(0) else {
        throw Failure(
          .malformed, at: "image grid", expected: "pixels [n, C, H, W] with n from 1 and C = 1 or 3", got: "\(shape)")
      }
      guard shape[2...] == bands[0].pixels.shape[2...] else {
        throw Failure(
          .malformed, at: "image grid",
          expected: "samples as large as those of the first band, \(bands[0].pixels.shape)", got: "\(shape)")
      }
    }
    guard let first = bands.first?.pixels.shape else {
      throw Failure(.malformed, at: "image grid", "too few bands", expected: "at least 1", got: "0")
    }
    return (first[2], first[3])
  }
}
