import Foundation
import Tensors

/// The format of the numbers in a column.
///
/// Numbers of similar size all get the same number of decimals, so that their points are aligned and the largest has
/// four significant digits. If one is more than a thousand times another, each has four significant digits.
struct NumberFormat: Equatable, Sendable {
  private static let digits = 4

  /// nil formats each number separately.
  private let decimals: Int?

  init(for numbers: [Double]) {
    let sizes = numbers.filter { $0.isFinite && $0 != 0 }.map(\.magnitude)
    guard let largest = sizes.max(), let smallest = sizes.min(), largest < 1e7, largest >= 1e-4,
      smallest >= largest / 1000
    else {
      decimals = sizes.isEmpty ? 0 : nil
      return
    }
    decimals = max(0, Self.digits - 1 - Self.exponent(largest, Self.digits))
  }

  func text(_ number: Double) -> String {
    guard number.isFinite else { return number.isNaN ? "nan" : number < 0 ? "-inf" : "inf" }
    guard let decimals else { return Self.significant(number) }
    return Self.fixed(number, decimals)
  }

  /// The margin with two significant digits, and the mean with the same number of decimals.
  static func text(_ mean: Double, margin: Double) -> String {
    guard mean.isFinite, margin.isFinite, margin > 0 else {
      let format = NumberFormat(for: [mean])
      return "\(format.text(mean)) ± \(NumberFormat(for: [margin]).text(margin))"
    }
    let decimals = max(0, 1 - exponent(margin, 2))
    guard decimals <= 8, mean.magnitude < 1e15 else { return "\(significant(mean)) ± \(significant(margin))" }
    return "\(fixed(mean, decimals)) ± \(fixed(margin, decimals))"
  }

  /// Four significant digits, with an exponent if the number is very large or very small.
  private static func significant(_ number: Double) -> String {
    guard number != 0 else { return "0" }
    guard (1e-4..<1e7).contains(number.magnitude) else { return String(format: "%.\(digits - 1)e", number) }
    return fixed(number, max(0, digits - 1 - exponent(number.magnitude, digits)))
  }

  /// Fixed decimals, without the minus sign of a small negative number that is rounded to 0.
  private static func fixed(_ number: Double, _ decimals: Int) -> String {
    let text = String(format: "%.\(decimals)f", number)
    return text.hasPrefix("-") && !text.contains { ("1"..."9").contains($0) } ? String(text.dropFirst()) : text
  }

  /// The decimal exponent of a positive number after rounding to `digits` significant digits: 9.9999 counts as 10.
  private static func exponent(_ number: Double, _ digits: Int) -> Int {
    let exponent = Int(log10(number).rounded(.down))
    let lead = (number / pow(10, Double(exponent - digits + 1))).rounded()
    return lead >= pow(10, Double(digits)) ? exponent + 1 : exponent
  }
}
