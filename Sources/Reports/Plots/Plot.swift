/// A plot described: what is drawn, not how. `Gnuplot` draws it.
///
/// Values that are not finite are gaps.
public struct Plot: Equatable, Sendable {
  /// An axis: its label, scale and range.
  public struct Axis: Equatable, Sendable {
    /// Printed along the axis.
    public var label: String
    /// Whether the scale is logarithmic, if the data are positive and differ by a factor of more than 50.
    public var isLogarithmic: Bool
    /// nil: what the data need.
    public var range: ClosedRange<Double>?

    /// An axis; linear and of the data's range by default.
    public init(_ label: String = "", isLogarithmic: Bool = false, range: ClosedRange<Double>? = nil) {
      self.label = label
      self.isLogarithmic = isLogarithmic
      self.range = range
    }
  }

  /// One thing drawn; all its columns are of one length.
  public struct Series: Equatable, Sendable {
    /// How the columns are drawn.
    public enum Shape: Equatable, Sendable {
      case line(x: [Double], y: [Double])
      /// What lies between two lines, pale.
      case band(x: [Double], low: [Double], high: [Double])
      /// Bars of a histogram around x.
      case bars(x: [Double], y: [Double], width: Double)
      /// - size: a multiple of the usual dot.
      case points(x: [Double], y: [Double], size: Double)
      case arrows(x: [Double], y: [Double], dx: [Double], dy: [Double])
      /// Cells of a regular grid around (x, y), from white (the least value) to black.
      case heat(x: [Double], y: [Double], value: [Double])
    }

    /// The shape with its columns.
    public var shape: Shape
    /// For the key; nil leaves it out of it.
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

    /// Column by column, as the shape lists them.
    var columns: [[Double]] {
      switch shape {
      case .line(let x, let y), .bars(let x, let y, _), .points(let x, let y, _): [x, y]
      case .band(let x, let low, let high): [x, low, high]
      case .arrows(let x, let y, let dx, let dy): [x, y, dx, dy]
      case .heat(let x, let y, let value): [x, y, value]
      }
    }

    /// The rows all of whose numbers are finite.
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
  /// Drawn in this order.
  public var series: [Series]
  /// One unit is as long in x as in y.
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
  /// Row by row.
  public var panels: [Plot]
  /// Panels per row.
  public var columns: Int
  /// In pixels.
  public var panelWidth: Int
  /// In pixels.
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
