import Fewstep
import Metrics
import Tensors

/// A figure of a run's direction fields in the plane: a row for each noise level, a column for each direction, over the
/// density of the teacher's samples and under the student's samples.
public struct FieldFigure {
  private let recipe: Recipe
  private let components: TrainingComponents
  private let prompt: Int
  private let times: [Double]
  private let x: ClosedRange<Double>
  private let y: ClosedRange<Double>
  private let density: Plot.Series
  /// The number of arrows per side.
  private static let arrows = 19
  /// The number of density cells per side.
  private static let cells = 48
  private static let teacherSteps = 30
  private static let teacherSamples = 4000
  private static let studentSamples = 400

  /// Samples the teacher. All figures of a run share these samples.
  ///
  /// - Throws: `Failure` if samples are not points of the plane.
  public init(_ recipe: Recipe, components: TrainingComponents, prompt: Int, times: [Double]) throws {
    guard components.backbone.isPlanar else {
      throw Failure(
        .malformed, at: "field", expected: "samples that are points of the plane, [2]",
        got: "\(components.backbone.medium) \(components.backbone.sampleShape)")
    }
    (self.recipe, self.components, self.prompt, self.times) = (recipe, components, prompt, times)
    let made = try SampleGenerator(components.backbone, seed: 1, batch: 1000).teacher(
      components.teacher, steps: Self.teacherSteps, guidance: recipe.matching.guidance,
      promptIDs: Array(repeating: prompt, count: Self.teacherSamples))
    let values = try made.doubles()
    let points = stride(from: 0, to: values.count, by: 2).map { (x: values[$0], y: values[$0 + 1]) }
      .filter { $0.x.isFinite && $0.y.isFinite }
    guard !points.isEmpty else { throw Failure(.malformed, at: "field", "the teacher's samples are not all finite") }
    (x, y) = Self.square(around: points)
    density = Self.density(points, x, y)
  }

  /// Draws the student as it trains; its average, if there is one, does not affect the directions.
  ///
  /// - Parameter step: the step of the current weights, for the title.
  public func figure(step: Int) throws -> Figure {
    let student = try SampleGenerator(components.backbone, seed: 1, batch: 1000).fewStep(
      components.student, steps: recipe.steps, promptIDs: Array(repeating: prompt, count: Self.studentSamples)
    ).to(components.backbone.device)
    let side = Self.arrows
    let ticks = { (range: ClosedRange<Double>) in
      (0..<side).map { range.lowerBound + (range.upperBound - range.lowerBound) * (Double($0) + 0.5) / Double(side) }
    }
    let grid = ticks(y).flatMap { up in ticks(x).flatMap { [$0, up] } }
    let points = try Tensor(grid, shape: [side * side, 2]).to(.float32).to(components.backbone.device)
    var panels = [Plot]()
    for time in times {
      let field = try DirectionField(
        at: points, time: time, prompt: prompt, peers: student, components: components, recipe: recipe)
      let columns: [(String, Tensor, Ink)] = [
        ("teacher", field.real, .blue), ("fake teacher", field.fake, .vermilion), ("DMD", field.difference, .violet),
        ("objective", field.objective, .black),
      ]
      for (name, direction, ink) in columns {
        panels.append(try panel("\(name), t = \(Self.short(time))", grid, direction, student, ink))
      }
    }
    let condition = components.backbone.prompts.count > 1 ? ", \(components.backbone.prompts[prompt])" : ""
    return Figure(
      "\(recipe.name), step \(step)\(condition)", columns: 4, panelWidth: 250, panelHeight: 262, panels)
  }

  private func panel(_ title: String, _ grid: [Double], _ direction: Tensor, _ student: Tensor, _ ink: Ink) throws
    -> Plot
  {
    let (gridX, gridY) = Self.columns(grid)
    var (dx, dy) = Self.columns(try direction.doubles())
    // Scaled so that about 95% of the arrows fit in a cell.
    let lengths = zip(dx, dy).map { ($0 * $0 + $1 * $1).squareRoot() }.filter(\.isFinite).sorted()
    let cell = (x.upperBound - x.lowerBound) / Double(Self.arrows)
    let longest = lengths.isEmpty ? 0 : lengths[(lengths.count - 1) * 95 / 100]
    let scale = longest > 0 ? cell / longest : 0
    for place in dx.indices {
      let length = scale * (dx[place] * dx[place] + dy[place] * dy[place]).squareRoot()
      let factor = length > 1.6 * cell ? scale * 1.6 * cell / length : scale
      (dx[place], dy[place]) = (dx[place] * factor, dy[place] * factor)
    }
    let (studentX, studentY) = Self.columns(try student.doubles())
    return Plot(
      title, x: .init(range: x), y: .init(range: y), isIsometric: true,
      [
        density, .init(.points(x: studentX, y: studentY, size: 0.7), ink: .amber),
        .init(.arrows(x: gridX, y: gridY, dx: dx, dy: dy), ink: ink),
      ])
  }

  // MARK: The plane

  private static func columns(_ pairs: [Double]) -> ([Double], [Double]) {
    (
      stride(from: 0, to: pairs.count, by: 2).map { pairs[$0] },
      stride(from: 1, to: pairs.count, by: 2).map { pairs[$0] }
    )
  }

  /// A square with room around all points.
  private static func square(around points: [(x: Double, y: Double)]) -> (ClosedRange<Double>, ClosedRange<Double>) {
    let (lowX, highX) = (points.map(\.x).min() ?? 0, points.map(\.x).max() ?? 0)
    let (lowY, highY) = (points.map(\.y).min() ?? 0, points.map(\.y).max() ?? 0)
    let half = 0.65 * max(highX - lowX, highY - lowY, 1e-3)
    let centre = ((lowX + highX) / 2, (lowY + highY) / 2)
    return (centre.0 - half...centre.0 + half, centre.1 - half...centre.1 + half)
  }

  /// The square root of a histogram, so that thin regions are visible.
  private static func density(
    _ points: [(x: Double, y: Double)], _ x: ClosedRange<Double>, _ y: ClosedRange<Double>
  ) -> Plot.Series {
    let cell = (x.upperBound - x.lowerBound) / Double(cells)
    var counts = [Double](repeating: 0, count: cells * cells)
    for point in points where x.contains(point.x) && y.contains(point.y) {
      let column = min(cells - 1, Int((point.x - x.lowerBound) / cell))
      counts[min(cells - 1, Int((point.y - y.lowerBound) / cell)) * cells + column] += 1
    }
    let centres = (0..<cells).map { (Double($0) + 0.5) * cell }
    let (acrosses, ups) = (centres.map { x.lowerBound + $0 }, centres.map { y.lowerBound + $0 })
    return Plot.Series(
      .heat(
        x: ups.flatMap { _ in acrosses }, y: ups.flatMap { up in acrosses.map { _ in up } },
        value: counts.map { $0.squareRoot() }), ink: .black)
  }

  private static func short(_ time: Double) -> String { "\((time * 1000).rounded() / 1000)" }
}
