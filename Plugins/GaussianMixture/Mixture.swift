import Fewstep
import Foundation
import Tensors

/// A mixture of isotropic Gaussians with classes: its density, its samples, and its denoiser, all in closed form.
public struct Mixture: Sendable {
  /// Means of the components, each of `dimension` numbers.
  public let means: [[Double]]
  public let stds: [Double]
  /// Weights, which sum to 1.
  public let weights: [Double]
  /// The class of each component.
  public let labels: [Int]

  public var dimension: Int { means[0].count }
  /// Equal for equal mixtures: files made from one mixture are refused by another.
  var fingerprint: String {
    let numbers = means.flatMap { $0 } + stds + weights + labels.map(Double.init)
    return (try? hash([Tensor(numbers)])) ?? ""
  }
  public var classes: Int { (labels.max() ?? 0) + 1 }

  public init(means: [[Double]], stds: [Double], weights: [Double]? = nil, labels: [Int]? = nil) {
    self.means = means
    self.stds = stds.count == 1 ? Array(repeating: stds[0], count: means.count) : stds
    let raw = weights ?? Array(repeating: 1, count: means.count)
    self.weights = raw.map { $0 / raw.reduce(0, +) }
    self.labels = labels ?? Array(repeating: 0, count: means.count)
  }

  /// `count` components on a circle. A component's class is its position modulo `classes`.
  public static func ring(_ count: Int, radius: Double, std: Double, classes: Int) -> Mixture {
    let angles = (0..<count).map { 2 * Double.pi * Double($0) / Double(count) }
    return Mixture(
      means: angles.map { [radius * cos($0), radius * sin($0)] }, stds: [std],
      labels: (0..<count).map { $0 % classes })
  }

  /// The mean square of a coordinate, over all components.
  public var power: Double {
    zip(zip(means, stds), weights).reduce(0) { sum, entry in
      let ((mean, std), weight) = entry
      return sum + weight * (mean.reduce(0) { $0 + $1 * $1 } / Double(dimension) + std * std)
    }
  }

  /// Positions and classes of samples, one per sample of the stream.
  public func sample(_ stream: Noise.Stream, _ chooser: Noise.Stream, _ samples: Range<Int>) throws -> (Tensor, [Int]) {
    let chosen = samples.map { component(at: chooser.unit($0)) }
    let noise = try stream.normal(samples, [dimension])
    let centre = try Tensor(chosen.flatMap { means[$0] }.map(Float.init), shape: [samples.count, dimension])
    let std = try Tensor(chosen.map { Float(stds[$0]) }).unsqueezed(1)
    return (try centre + std * noise, chosen.map { labels[$0] })
  }

  private func component(at unit: Double) -> Int {
    var sum = 0.0
    for (index, weight) in weights.enumerated() {
      sum += weight
      if unit < sum { return index }
    }
    return weights.count - 1
  }
}

/// The mixture's tensors on one device, and Bayes' rule on them.
final class MixtureDensity {
  let mixture: Mixture
  private let means: Tensor
  private let variances: Tensor
  /// |μ|² [1, K]
  private let squaredMeans: Tensor
  /// log of the weight of each component of the class, -inf for others; the last row, "none", has all components:
  /// [classes + 1, K].
  private let logWeights: Tensor
  /// log of each class's weight [classes + 1].
  private let logPriors: Tensor

  init(_ mixture: Mixture, on device: Device, dtype: DType = .float32) throws {
    self.mixture = mixture
    let count = mixture.means.count
    means = try Tensor(mixture.means.flatMap { $0 }, shape: [count, mixture.dimension]).to(dtype).to(device)
    variances = try Tensor(mixture.stds.map { $0 * $0 }).to(dtype).to(device)
    squaredMeans = try means.squared().sum([1]).unsqueezed(0)
    let rows = (0...mixture.classes).flatMap { row in
      zip(mixture.labels, mixture.weights).map { label, weight in
        row == mixture.classes || label == row ? log(weight) : -Double.infinity
      }
    }
    logWeights = try Tensor(rows, shape: [mixture.classes + 1, count]).to(dtype).to(device)
    logPriors = try logWeights.logSumExp([1])
  }

  /// All tensors that the density depends on.
  func parameters() throws -> [Tensor] { [means, variances, logWeights] }

  /// log of weight times density of each component [B, K] for x = α sample + σ ε, given classes int64 [B].
  private func logJoint(_ x: Tensor, alpha: Tensor, sigma: Tensor, classes: Tensor) throws -> (Tensor, Tensor) {
    let alphaSquared = try alpha.squared()
    let variance = try alphaSquared * variances.unsqueezed(0) + sigma.squared()  // [B, K]
    // |x - α μ|² for every pair, without a [B, K, D] tensor.
    let cross = try matmul(x, means.transposed(0, 1))
    let own = try x.squared().sum([1], keeping: true)
    let distance = try own - 2 * alpha * cross + alphaSquared * squaredMeans
    let logDensity = try -0.5 * (distance / variance + Double(mixture.dimension) * log(variance * (2 * Double.pi)))
    return (try logDensity + logWeights.selected(classes), variance)
  }

  /// E[sample | x] [B, D] for x = α sample + σ ε; alpha and sigma [B, 1].
  func clean(_ x: Tensor, alpha: Tensor, sigma: Tensor, classes: Tensor) throws -> Tensor {
    let (joint, variance) = try logJoint(x, alpha: alpha, sigma: sigma, classes: classes)
    let posterior = try joint.softmax(1)  // r_k
    let gain = try alpha * variances.unsqueezed(0) / variance  // [B, K]
    // Σ r_k (μ_k + g_k (x - α μ_k))
    let onMeans = try posterior * (1 - alpha * gain)
    return try matmul(onMeans, means) + (posterior * gain).sum([1], keeping: true) * x
  }

  /// log p(x | class) [B]; class = classes gives log p(x).
  func logDensity(_ x: Tensor, classes: Tensor) throws -> Tensor {
    let one = try Tensor.ones([1, 1], x.dtype, on: x.device)
    let (joint, _) = try logJoint(x, alpha: one, sigma: one.zerosLike(), classes: classes)
    return try joint.logSumExp([1]) - logPriors.selected(classes)
  }

  /// log p(class | x) [B, classes]
  func logPosterior(_ x: Tensor) throws -> Tensor {
    let count = x.shape[0]
    let joints = try (0..<mixture.classes).map { label in
      let classes = try Tensor(Array(repeating: label, count: count)).to(x.device)
      let one = try Tensor.ones([1, 1], x.dtype, on: x.device)
      return try logJoint(x, alpha: one, sigma: one.zerosLike(), classes: classes).0.logSumExp([1])
    }
    return try stacked(joints, 1).logSoftmax(1)
  }
}
