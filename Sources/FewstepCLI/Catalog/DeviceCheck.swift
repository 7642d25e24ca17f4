import Foundation
import Tensors

/// Computes the same on a device and on the CPU: what training is made of, forward and backward, in float32 and as autocast rounds it.
struct DeviceCheck {
  struct Result: Encodable {
    let name: String
    /// The largest difference from the CPU's values and gradients, as a share of the largest of them.
    var difference: Double?
    let limit: Double
    /// Why it could not run; nil if it did.
    var error: String?

    var passed: Bool { difference.map { $0 <= limit } ?? false }
  }

  let device: Device

  func results() -> [Result] {
    var results = Self.cases.flatMap { each -> [Result] in
      [
        // A GPU may round factors to TensorFloat-32, with a mantissa of 10 bits.
        result(each.name, within: 4e-3) { try difference(each, nil) },
        result("\(each.name), bfloat16", within: 4e-2) { try difference(each, .bfloat16) },
      ]
    }
    results.append(result("noise", within: 0, noise))
    results.append(result("checkpointing", within: 1e-6, checkpointing))
    results.append(result("AdamW", within: 1e-5, adamW))
    if ProcessGroup.isAvailable { results.append(result("a process group of one", within: 0, processGroup)) }
    return results
  }

  private func result(_ name: String, within limit: Double, _ body: () throws -> Double) -> Result {
    do { return Result(name: name, difference: try body(), limit: limit) } catch {
      return Result(name: name, limit: limit, error: "\(error)")
    }
  }

  // MARK: Operators

  private struct Case: Sendable {
    let name: String
    /// The shapes of its inputs.
    let shapes: [[Int]]
    let run: @Sendable ([Tensor]) throws -> Tensor

    init(_ name: String, _ shapes: [Int]..., run: @escaping @Sendable ([Tensor]) throws -> Tensor) {
      (self.name, self.shapes, self.run) = (name, shapes, run)
    }
  }

  private static let cases = [
    Case("linear", [64, 96], [128, 96], [128]) { try linear($0[0], $0[1], $0[2]) },
    Case("matrix product", [4, 32, 48], [4, 48, 40]) { try matmul($0[0], $0[1]) },
    Case("convolution, 2 dimensions", [2, 16, 24, 24], [32, 16, 3, 3], [32]) {
      try convolution($0[0].channelsLast(), $0[1].channelsLast(), $0[2], padding: 1)
    },
    Case("convolution, 2 dimensions, stride 2", [2, 16, 24, 24], [32, 16, 3, 3]) {
      try convolution($0[0], $0[1], stride: 2, padding: 1)
    },
    Case("convolution, 3 dimensions", [1, 8, 5, 12, 12], [16, 8, 3, 3, 3], [16]) {
      try convolution($0[0], $0[1], $0[2], padding: 1)
    },
    Case("group norm", [2, 32, 8, 8], [32], [32]) { try groupNorm($0[0], groups: 8, $0[1], $0[2], epsilon: 1e-5) },
    Case("layer norm", [4, 20, 64], [64], [64]) { try layerNorm($0[0], [64], $0[1], $0[2], epsilon: 1e-6) },
    Case("RMS norm", [4, 20, 64], [64]) { try rmsNorm($0[0], $0[1], epsilon: 1e-6) },
    Case("attention", [2, 4, 40, 64], [2, 4, 56, 64], [2, 4, 56, 64]) { try attention($0[0], $0[1], $0[2]) },
    Case("attention with a mask", [2, 4, 40, 64], [2, 4, 56, 64], [2, 4, 56, 64], [40, 56]) {
      try attention($0[0], $0[1], $0[2], mask: $0[3].detached())
    },
    Case("attention of one wide head", [1, 1, 64, 512], [1, 1, 64, 512], [1, 1, 64, 512]) {
      try attention($0[0], $0[1], $0[2])
    },
    Case("SiLU", [1000]) { try silu($0[0]) },
    Case("GELU", [1000]) { try gelu($0[0]) },
    Case("GELU by tanh", [1000]) { try gelu($0[0], .tanh) },
    Case("softplus", [1000]) { try softplus($0[0]) },
    Case("softmax", [20, 50]) { try $0[0].softmax(-1) },
    Case("logarithm of a sum", [20, 50]) { try $0[0].logSumExp([1]) },
    Case("upsampling", [2, 8, 6, 6]) { try upsampledNearest($0[0], 2) },
    Case("pooling", [2, 8, 6, 6]) { try averagePooled($0[0], 2) + maxPooled($0[0], 2) },
    Case("embedding", [50, 32]) {
      try embedding(Tensor.range(0, to: 50, by: 7, .int64).to($0[0].device), $0[0])
    },
    Case("selection", [20, 6]) {
      let order = try $0[0].detached().sum([1]).sorted().indices
      return try $0[0].selected(order).rows(3..<11)
    },
    Case("distances", [20, 6], [30, 6]) { try $0[0].distances(to: $0[1]) },
    Case("mean squared error", [20, 6], [20, 6]) { try mse($0[0], $0[1]) },
  ]

  private func difference(_ each: Case, _ dtype: DType?) throws -> Double {
    let ours = try values(each, dtype, on: device)
    let theirs = try values(each, dtype, on: .cpu)
    return try zip(ours, theirs).map(Self.share).max() ?? 0
  }

  /// The result and the gradients of the inputs.
  private func values(_ each: Case, _ dtype: DType?, on device: Device) throws -> [Tensor] {
    let inputs = try each.shapes.enumerated().map { index, shape in
      try Self.stream.normal(index..<(index + 1), shape).reshaped(shape).to(device).requiringGrad()
    }
    let output = try autocast(dtype, on: device) { try each.run(inputs) }
    try sum(output.to(.float32).squared()).backward()
    return [try output.detached()] + inputs.compactMap(\.gradient)
  }

  private static let stream = Noise(seed: 0).stream("device check", step: 0)

  private static func share(_ ours: Tensor, _ theirs: Tensor) throws -> Double {
    guard ours.shape == theirs.shape, ours.dtype == theirs.dtype else {
      throw TensorError("the results", "\(ours.summary), and on the CPU \(theirs.summary)")
    }
    let (a, b) = (try ours.to(.cpu).to(.float64).reshaped([-1]), try theirs.to(.float64).reshaped([-1]))
    let most = try abs(a - b).maximum([0]).item()
    return most == 0 ? 0 : most / max(try abs(b).maximum([0]).item(), 1e-30)
  }

  // MARK: More than operators

  private func noise() throws -> Double {
    try Self.share(Self.stream.normal(0..<8, [3, 5], on: device), Self.stream.normal(0..<8, [3, 5]))
  }

  /// Gradients with and without it.
  private func checkpointing() throws -> Double {
    let weight = try Self.stream.normal(0..<32, [32]).to(device)
    func gradient(recomputing: Bool) throws -> Tensor {
      let x = try Self.stream.normal(100..<104, [32]).to(device).requiringGrad()
      let body = { (inputs: [Tensor]) in try silu(linear(inputs[0], weight)) }
      let y = try recomputing ? checkpoint([x], body) : body([x])
      try sum(y.squared()).backward()
      return x.gradient!
    }
    return try Self.share(gradient(recomputing: true), gradient(recomputing: false).to(.cpu))
  }

  private func adamW() throws -> Double {
    func stepped(on device: Device) throws -> Tensor {
      let weight = try Self.stream.normal(0..<16, [8]).to(device)
      let (first, second) = (try weight.zerosLike(), try weight.zerosLike())
      for step in 1...3 {
        try adamWStep(
          [weight], gradients: [Self.stream.normal((16 * step)..<(16 * step + 16), [8]).to(device)], first: [first],
          second: [second], step: step, learningRate: 0.01, betas: (0.9, 0.99), weightDecay: 0.1, epsilon: 1e-8)
      }
      return weight
    }
    return try Self.share(stepped(on: device), stepped(on: .cpu))
  }

  /// A sum, rows collected and rows summed are the tensor itself: NCCL on a GPU, Gloo on the CPU.
  private func processGroup() throws -> Double {
    let store = try ProcessStore(host: "127.0.0.1", port: 0, serves: true, timeout: 30, prefix: "check")
    let group = try ProcessGroup(
      named: "device-check", in: store, rank: 0, count: 1, isLocal: true, on: device, timeout: 30)
    let tensor = try Self.stream.normal(0..<6, [4])
    func travelled(_ start: (Tensor) throws -> PendingTensor) throws -> Double {
      try Self.share(start(tensor.cloned().to(device)).wait(), tensor)
    }
    return try [travelled(group.sum), travelled(group.gather), travelled(group.scatterSum)].max()!
  }
}
