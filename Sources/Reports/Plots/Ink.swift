/// The colors of a plot: one for each series, which people with any color vision can distinguish, and black for the
/// frame.
public enum Ink: Int, CaseIterable, Sendable {
  case blue
  case vermilion
  case green
  case pink
  case amber
  case violet
  case brown
  case olive
  case black

  /// The color of a series by its index; they repeat after eight.
  public static func series(_ index: Int) -> Ink { Ink(rawValue: index % 8) ?? .blue }

  private static let light: [(UInt8, UInt8, UInt8)] = [
    (0, 114, 178), (213, 94, 0), (0, 158, 115), (176, 87, 140), (183, 127, 0), (91, 79, 160), (110, 80, 40),
    (60, 110, 20), (0, 0, 0),
  ]
  private static let dark: [(UInt8, UInt8, UInt8)] = [
    (78, 168, 222), (255, 140, 66), (63, 207, 159), (227, 154, 196), (242, 193, 78), (169, 159, 240), (201, 165, 122),
    (148, 207, 92), (255, 255, 255),
  ]

  /// The color on white: `#0072b2`.
  public var onLight: String { Self.hex(Self.light[rawValue]) }
  /// The color on a dark page.
  public var onDark: String { Self.hex(Self.dark[rawValue]) }
  /// The name of the CSS variable for this color.
  var variable: String { "--ink-\(self)" }
  /// The color in gnuplot's SVG: `rgb(  0, 114, 178)`.
  var inSVG: String {
    let (red, green, blue) = Self.light[rawValue]
    return "rgb(" + [red, green, blue].map { Self.padded("\($0)") }.joined(separator: ", ") + ")"
  }

  private static func padded(_ number: String) -> String {
    String(repeating: " ", count: max(0, 3 - number.count)) + number
  }

  private static func hex(_ color: (UInt8, UInt8, UInt8)) -> String {
    "#"
      + [color.0, color.1, color.2].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
