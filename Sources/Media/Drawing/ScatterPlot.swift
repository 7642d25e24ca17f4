import Files
import Tensors

/// Points in the plane, colored by class, on white, such as the samples of a student of a mixture.
public struct ScatterPlot: Sendable {
  /// The values at the left and right edges.
  public var x: ClosedRange<Double>
  /// The values at the bottom and top edges.
  public var y: ClosedRange<Double>
  /// The longer side, in pixels.
  public var size: Int
  /// The side of a point's square, in pixels.
  public var dot: Int

  /// - Throws: `Failure` if a range is empty or not finite.
  public init(x: ClosedRange<Double>, y: ClosedRange<Double>, size: Int = 480, dot: Int = 3) throws {
    let extents = [x.upperBound - x.lowerBound, y.upperBound - y.lowerBound]
    guard extents.allSatisfy({ $0 > 0 && $0.isFinite }), size > 1, dot > 0 else {
      throw Failure(
        .malformed, at: "scatter plot", expected: "ranges that are wider than 0, a size from 2 and dots from 1",
        got: "\(x), \(y), \(size), \(dot)")
    }
    (self.x, self.y, self.size, self.dot) = (x, y, size, dot)
  }

  /// A plot that fits the finite points of [n, 2], with a margin; -1...1 if there are none.
  public init(around points: Tensor, size: Int = 480, dot: Int = 3) throws {
    let points = try Self.pairs(points).filter { $0.x.isFinite && $0.y.isFinite }
    func range(_ values: [Double]) -> ClosedRange<Double> {
      guard let low = values.min(), let high = values.max() else { return -1...1 }
      let margin = high > low ? 0.05 * (high - low) : 1
      return low - margin...high + margin
    }
    try self.init(x: range(points.map(\.x)), y: range(points.map(\.y)), size: size, dot: dot)
  }

  /// - Parameters:
  ///   - points: [n, 2].
  ///   - classes: n classes, or nil for one color.
  ///   - reference: points [m, 2] drawn in pale gray beneath, such as the real ones.
  /// - Returns: RGB. The texts "x" and "y" give the ranges, and "outside" the number of points that are not drawn
  ///   because they are outside or not finite.
  /// - Throws: `Failure` for other shapes.
  public func image(
    _ points: Tensor, classes: [Int]? = nil, over reference: Tensor? = nil, texts: [PNGImage.Text] = []
  ) throws -> PNGImage {
    let pairs = try Self.pairs(points)
    guard classes.map({ $0.count == pairs.count }) ?? true else {
      throw Failure(
        .malformed, at: "scatter plot", expected: "\(pairs.count) classes, one a point", got: "\(classes?.count ?? 0)")
    }
    let (width, height) = extent
    var canvas = Canvas(width: width, height: height, color: .rgb, background: .init(grey: 255))
    drawAxes(on: &canvas)
    for point in try reference.map(Self.pairs) ?? [] { _ = draw(point, .init(grey: 200), on: &canvas) }
    var outside = 0
    for (index, point) in pairs.enumerated() {
      if !draw(point, Palette.ink(of: classes?[index] ?? 0), on: &canvas) { outside += 1 }
    }
    let ranges = [PNGImage.Text("x", "\(x)"), .init("y", "\(y)"), .init("outside", "\(outside)")]
    return try canvas.image(ranges + texts)
  }

  /// The plot's size in pixels. x and y have the same scale.
  private var extent: (width: Int, height: Int) {
    let (across, up) = (x.upperBound - x.lowerBound, y.upperBound - y.lowerBound)
    let pixelsPerUnit = Double(size) / max(across, up)
    return (max(1, Int((across * pixelsPerUnit).rounded())), max(1, Int((up * pixelsPerUnit).rounded())))
  }

  /// The pixel of a point; y points upwards.
  private func pixel(_ point: (x: Double, y: Double)) -> (x: Int, y: Int) {
    let (width, height) = extent
    let across = (point.x - x.lowerBound) / (x.upperBound - x.lowerBound)
    let down = (y.upperBound - point.y) / (y.upperBound - y.lowerBound)
    return (Int((across * Double(width - 1)).rounded()), Int((down * Double(height - 1)).rounded()))
  }

  private func draw(_ point: (x: Double, y: Double), _ ink: Canvas.Ink, on canvas: inout Canvas) -> Bool {
    guard x.contains(point.x), y.contains(point.y) else { return false }
    let centre = pixel(point)
    let (left, top) = (centre.x - dot / 2, centre.y - dot / 2)
    canvas.fill(left..<left + dot, top..<top + dot, ink)
    return true
  }

  /// Draws pale lines through 0, if it is in the range, and a frame.
  private func drawAxes(on canvas: inout Canvas) {
    let (width, height) = (canvas.width, canvas.height)
    let zero = pixel((x.contains(0) ? 0 : x.lowerBound, y.contains(0) ? 0 : y.lowerBound))
    let (axis, frame) = (Canvas.Ink(grey: 232), Canvas.Ink(grey: 160))
    if x.contains(0) { canvas.fill(zero.x..<zero.x + 1, 0..<height, axis) }
    if y.contains(0) { canvas.fill(0..<width, zero.y..<zero.y + 1, axis) }
    for row in [0, height - 1] { canvas.fill(0..<width, row..<row + 1, frame) }
    for column in [0, width - 1] { canvas.fill(column..<column + 1, 0..<height, frame) }
  }

  private static func pairs(_ points: Tensor) throws -> [(x: Double, y: Double)] {
    guard points.rank == 2, points.shape[1] == 2 else {
      throw Failure(.malformed, at: "scatter plot", expected: "points [n, 2]", got: "\(points.shape)")
    }
    let values = try points.doubles()
    return stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) }
  }
}
