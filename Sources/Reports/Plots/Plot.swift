/// A description of a plot. `Gnuplot` draws it.
///
/// Values that are not finite are gaps.
public struct Plot: Equatable, Sendable {
  /// An axis: its label, scale and range.
  public struct Axis: Equatable, Sendable {
    /// The text along the axis.
    public var label: String
    /// Whether the scale is logarithmic, if the data are positive and differ by a factor of more than 50.
    public var isLogarithmic: Bool
    /// The range; nil fits the data.
    public var range: ClosedRange<Double>?

    /// An axis; by default linear and with the data's range.
    public init(_ label: String = "", isLogarithmic: Bool = false, range: ClosedRange<Double>? = nil) {
      self.label = label
      self.isLogarithmic = isLogarithmic
      self.range = range
    }
  }

  /// One element of a plot; all its columns have the same length.
  public struct Series: Equatable, Sendable {
    /// The shape of a series.
    public enum Shape: Equatable, Sendable {
      case line(x: [Double], y: [Double])
      /// The area between two lines, in a pale color.
      case band(x: [Double], low: [Double], high: [Double])
      /// Bars of a histogram around x.
      case bars(x: [Double], y: [Double], width: Double)
      /// - size: a multiple of the usual dot.
      case points(x: [Double], y: [Double], size: Double)
      case arrows(x: [Double], y: [Double], dx: [Double], dy: [Double])
      /// Cells of a regular grid around (x, y), from white (the lowest value) to black.
      case heat(x: [Double], y: [Double], value: [Double])
    }

    /// The shape with its columns.
    public var shape: Shape
    /// The label in the key; nil leaves the series out of the key.
    public var label: String?
    /// The color.
    public var ink: Ink
    /// Whether lines are dashed.
    public var isDashed: Bool

    /// A series; solid and blue by default.
    public init(_ shape: Shape, label: String? = nil, ink: Ink = .blue, isDashed: Bool = false) {
      self.shape = shape
      self.label = label
      self.ink = ink
      self.isDashed = isDashed
    }

    /// The columns in the order of the shape.
    var columns: [[Double]] {
      switch shape {
      case .line(let x, let y), .bars(let x, let y, _), .points(let x, let y, _): [x, y]
      case .band(let x, let low, let high): [x, low, high]
      case .arrows(let x, let y, let dx, let dy): [x, y, dx, dy]
      case .heat(let x, let y, let value): [x, y, value]
      }
    }

    /// The number of rows whose values are all finite.
    var finiteRows: Int {
      let columns = columns
      return (0..<(columns.map(\.count).min() ?? 0)).count { row in columns.allSatisfy { $0[row].isFinite } }
    }
  }

  /// The title.
  public var title: String
  /// The horizontal axis.
  public var x: Axis
  /// The vertical axis.
  public var y: Axis
  /// The series in drawing order.
  public var series: [Series]
  /// Whether x and y have the same scale.
  public var isIsometric: Bool

  /// A plot of series.
  public init(_ title: String, x: Axis = Axis(), y: Axis = Axis(), isIsometric: Bool = false, _ series: [Series]) {
    self.title = title
    self.x = x
    self.y = y
    self.isIsometric = isIsometric
    self.series = series
  }

  /// Whether there is anything to draw.
  public var hasData: Bool { series.contains { $0.finiteRows > 0 } }
}

/// Plots side by side in one image.
public struct Figure: Equatable, Sendable {
  public var title: String
  /// The panels, row by row.
  public var panels: [Plot]
  /// Panels per row.
  public var columns: Int
  /// The width of a panel in pixels.
  public var panelWidth: Int
  /// The height of a panel in pixels.
  public var panelHeight: Int

  /// A figure of panels.
  public init(_ title: String, columns: Int, panelWidth: Int = 300, panelHeight: Int = 300, _ panels: [Plot]) {
    self.title = title
    self.panels = panels
    self.columns = columns
    self.panelWidth = panelWidth
    self.panelHeight = panelHeight
  }

  var rows: Int { (panels.count + columns - 1) / max(1, columns) }
  static let titleHeight = 34
  var width: Int { columns * panelWidth }
  var height: Int { rows * panelHeight + (title.isEmpty ? 0 : Self.titleHeight) }
}
