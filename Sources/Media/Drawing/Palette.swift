/// Colors of classes on white.
enum Palette {
  /// Okabe and Ito's colors, which people with any color vision can distinguish, without yellow, which is hard to see
  /// on white; then three dark ones.
  private static let inks: [Canvas.Ink] = [
    .init(0, 114, 178), .init(230, 159, 0), .init(0, 158, 115), .init(213, 94, 0), .init(86, 180, 233),
    .init(204, 121, 167), .init(0, 0, 0), .init(110, 80, 40), .init(90, 60, 150), .init(60, 110, 20),
  ]

  /// Colors repeat after ten.
  static func ink(of label: Int) -> Canvas.Ink { inks[((label % inks.count) + inks.count) % inks.count] }
}
