import Foundation
import Tensors

/// A running average of a network's trainable parameters, which usually replaces them for sampling.
public final class EMA {
  public enum Decay: Equatable, Sendable {
    /// The average follows the weights for `start` updates, and only then averages.
    case constant(Double, start: Int = 0)
    /// (1 - 1/t)^(γ+1): averages over a fixed share of training (Karras et al., arXiv 2312.02696, Eq. 121).
    case power(gamma: Double)

    public func at(update: Int) -> Double {
      switch self {
      case .constant(let decay, let start): update > start ? decay : 0
      case .power(let gamma): pow(1 - 1 / Double(update), gamma + 1)
      }
    }
  }

  public let decay: Decay
  public private(set) var updateCount = 0
  private let parameters: [Parameter]
  private var averages: [Tensor]

  public init(_ parameters: [Parameter], _ decay: Decay) throws {
    self.decay = decay
    self.parameters = parameters
    averages = try parameters.map { try $0.value.detached().cloned() }
  }

  public func update() throws {
    updateCount += 1
    try noGrad {
      try Foreach.lerp(averages, toward: parameters.map { try $0.value.detached() }, 1 - decay.at(update: updateCount))
    }
  }

  /// Runs `body` with the averages in place of the parameters.
  public func applied<R>(_ body: () throws -> R) rethrows -> R {
    exchange()
    defer { exchange() }
    return try body()
  }

  /// Exchanges the averages and the parameters.
  public func exchange() {
    for (index, parameter) in parameters.enumerated() {
      (averages[index], parameter.value) = (parameter.value, averages[index])
    }
  }

  public var state: [(name: String, tensor: Tensor)] { zip(parameters, averages).map { ($0.name, $1) } }

  public func load(updateCount: Int, _ value: (String) throws -> Tensor?) throws {
    try copy(into: state, from: value)
    self.updateCount = updateCount
  }
}
