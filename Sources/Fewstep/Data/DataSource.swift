import Tensors

/// Real samples with their conditions, read by position.
public protocol DataSource: AnyObject {
  var count: Int { get }
  /// A sample's shape without the batch: [C, H, W] for images.
  var sampleShape: [Int] { get }
  func batch(_ positions: [Int]) throws -> (samples: Tensor, condition: Condition)
}

/// The positions that each step sees: epoch after epoch in a new order, as a function of (seed, purpose, step) alone.
public final class DataOrder {
  private let count: Int
  private let noise: Noise
  private let purpose: String
  private var cached: (epoch: Int, order: [Int])?

  public init(count: Int, noise: Noise, purpose: String) {
    self.count = count
    self.noise = noise
    self.purpose = purpose
  }

  public func positions(step: Int, batch: Int) -> [Int] {
    (step * batch..<(step + 1) * batch).map { draw in
      let epoch = draw / count
      if cached?.epoch != epoch { cached = (epoch, noise.stream(purpose, step: epoch).permutation(count)) }
      return cached!.order[draw % count]
    }
  }
}
