import Files
import Tensors

/// LAION's aesthetic predictors: linear layers without activations between them, from an image's embedding to one
/// number.
public struct AestheticHead {
  private let layers: [(weight: Tensor, bias: Tensor)]

  /// - Parameters:
  ///   - path: tensors "weight" and "bias", or "layers.0.weight" and so on (any numbers, in their order).
  ///   - width: the width of the embedding.
  /// - Throws: `Failure` naming the file and the tensor that does not fit.
  public init(_ path: String, width: Int, on device: Device) throws {
    let source = try Weights.open(path)
    func unfit(_ name: String, _ problem: String, _ expected: String, _ got: String) -> Failure {
      Failure(
        .malformed, at: "\(path): \(name)", problem, expected: expected, got: got,
        advice: "The file is no aesthetic predictor for this CLIP model's embeddings of \(width) numbers.")
    }
    func number(_ name: String) -> Int? { name.split(separator: ".").dropLast().last.flatMap { Int($0) } }
    let names = source.names.filter { $0 == "weight" || $0.hasSuffix(".weight") }.sorted {
      (number($0) ?? 0) < (number($1) ?? 0)
    }
    func bias(_ name: String) -> String { String(name.dropLast("weight".count)) + "bias" }
    let known = Set(names.flatMap { [$0, bias($0)] })
    if let other = source.names.first(where: { !known.contains($0) }) {
      throw unfit(other, "the tensor belongs to no linear layer", "weights and biases alone", "'\(other)'")
    }
    var inputs = width
    layers = try names.map { name in
      let weight = try source.tensor(name)
      guard weight.rank == 2, weight.shape[1] == inputs else {
        throw unfit(name, "the layer takes other inputs", "[outputs, \(inputs)]", "\(weight.shape)")
      }
      inputs = weight.shape[0]
      let offset = try source.tensor(bias(name))
      guard offset.shape == [inputs] else {
        throw unfit(bias(name), "the layer has other outputs", "[\(inputs)]", "\(offset.shape)")
      }
      return (try weight.to(device).to(.float32).cloned(), try offset.to(device).to(.float32).cloned())
    }
    guard inputs == 1, !names.isEmpty else {
      throw unfit(names.last ?? "weight", "a score is one number", "[1, inputs]", "\(inputs) outputs")
    }
  }

  public var tensors: [Tensor] { layers.flatMap { [$0.weight, $0.bias] } }

  /// Scores [B] of embeddings [B, width].
  public func callAsFunction(_ embeddings: Tensor) throws -> Tensor {
    try layers.reduce(embeddings) { try linear($0, $1.weight, $1.bias) }.squeezed(-1)
  }
}
