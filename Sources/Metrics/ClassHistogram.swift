import Foundation
import Tensors

/// The number of samples of each class.
public struct ClassHistogram: Equatable, Sendable {
  /// The counts by class.
  public let counts: [Int]

  /// Known counts, by class.
  public init(counts: [Int]) { self.counts = counts }

  /// - Parameter classes: 0 ..< `count`.
  /// - Throws: `Failure` for a class outside this range.
  public init(_ classes: [Int], count: Int) throws {
    var counts = [Int](repeating: 0, count: count)
    for label in classes {
      guard counts.indices.contains(label) else {
        throw Failure(.malformed, at: "class histogram", expected: "a class in 0..<\(count)", got: "\(label)")
      }
      counts[label] += 1
    }
    self.counts = counts
  }

  /// The number of samples.
  public var total: Int { counts.reduce(0, +) }

  /// The entropy of the shares in nats: 0 if there is only one class, log K if K classes are equally frequent. 0 for no
  /// samples.
  public var entropy: Double {
    let total = Double(total)
    return counts.lazy.filter { $0 > 0 }.reduce(0) { $0 - Double($1) / total * log(Double($1) / total) }
  }

  /// exp(entropy): the number of equally frequent classes with this entropy.
  public var effectiveClasses: Double { exp(entropy) }
}
