import Foundation
import Tensors

/// The factor of a learning rate: a linear warm-up, then constant or a cosine down to `floor`.
public struct LearningRateSchedule: Sendable {
  public enum Shape: String, Sendable, CaseIterable {
    case constant
    case cosine
  }

  public var shape: Shape
  public var warmUp: Int
  public var total: Int
  /// The factor at the end of a cosine.
  public var floor: Double

  public init(_ shape: Shape = .constant, warmUp: Int = 0, total: Int, floor: Double = 0) {
    self.shape = shape
    self.warmUp = warmUp
    self.total = total
    self.floor = floor
  }

  /// - Parameter step: counts from 0.
  public func factor(at step: Int) -> Double {
    if step < warmUp { return Double(step + 1) / Double(warmUp) }
    guard shape == .cosine else { return 1 }
    let progress = min(1, Double(step - warmUp) / Double(max(1, total - warmUp)))
    return floor + (1 - floor) * 0.5 * (1 + cos(.pi * progress))
  }
}
