import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct LayerTests {
  @Test func `Sinusoids are diffusers', cosines first`() throws {
    let made = try sinusoids(Tensor([Float(0), 3, 250.5]), width: 6, maximumPeriod: 10_000)
    let frequencies = (0..<3).map { pow(10_000, -Double($0) / 3) }
    let expected = [0, 3, 250.5].flatMap { t in
      frequencies.map { Foundation.cos(t * $0) } + frequencies.map { Foundation.sin(t * $0) }
    }
    try expectClose(made, Tensor(expected, shape: [3, 6]), 2e-5)
    // By hand: 3 * 10000^(-1/2) = 0.03.
    let four = try sinusoids(Tensor([Float(3)]), width: 4).doubles()
    for (a, b) in zip(four, [-0.989992, 0.999550, 0.141120, 0.029996]) { #expect(Swift.abs(a - b) < 1e-5) }
  }

  @Test func `Sinusoids of an odd width end in a zero, as diffusers' do`() throws {
    let odd = try sinusoids(Tensor([Float(3), 7]), width: 5)
    #expect(odd.shape == [2, 5])
    try expectSame(odd.sliced(1, to: 4), sinusoids(Tensor([Float(3), 7]), width: 4))
    #expect(try odd.doubles()[4] == 0)
  }

  @Test func `Sines may come first, and a shift stretches the frequencies to the last`() throws {
    let made = try sinusoids(
      Tensor([Float(3), 250.5]), width: 6, maximumPeriod: 100, cosinesFirst: false, frequencyShift: 1)
    let frequencies = [1, 0.1, 0.01]
    let expected = [3, 250.5].flatMap { t in
      frequencies.map { Foundation.sin(t * $0) } + frequencies.map { Foundation.cos(t * $0) }
    }
    try expectClose(made, Tensor(expected, shape: [2, 6]), 2e-5)
  }

  @Test(arguments: [nil, 5] as [Int?])
  func `Multi-head attention is what its formula says`(_ contextWidth: Int?) throws {
    let (width, heads, length, others) = (6, 2, 3, 4)
    let store = randomStore(2)
    let layer = try MultiHeadAttention(store.root, width: width, heads: heads, context: contextWidth, bias: true)
    let x = try normal("x", [2, length, width])
    let context = try contextWidth.map { try normal("context", [2, others, $0]) }
    let made = try layer(x, context: context)
    #expect(made.shape == [2, length, width])

    func matrix(_ name: String) throws -> [[Double]] {
      let value = try #require(store[name]).value
      let flat = try value.doubles()
      return (0..<value.shape[0]).map { row in Array(flat[row * value.shape[1]..<(row + 1) * value.shape[1]]) }
    }
    func projected(_ row: [Double], _ name: String) throws -> [Double] {
      let bias = try #require(store["\(name).bias"]).value.doubles()
      return try zip(matrix("\(name).weight"), bias).map { weights, bias in
        zip(weights, row).reduce(bias) { $0 + $1.0 * $1.1 }
      }
    }
    func rows(_ tensor: Tensor, _ item: Int) throws -> [[Double]] {
      let flat = try tensor[.at(item)].doubles()
      let width = tensor.shape[2]
      return (0..<tensor.shape[1]).map { Array(flat[$0 * width..<($0 + 1) * width]) }
    }
    let size = width / heads
    for item in 0..<2 {
      let queries = try rows(x, item).map { try projected($0, "to_q") }
      let source = try rows(context ?? x, item)
      let keys = try source.map { try projected($0, "to_k") }
      let values = try source.map { try projected($0, "to_v") }
      let expected = try queries.map { query in
        var joined = [Double]()
        for head in 0..<heads {
          let part = head * size..<(head + 1) * size
          let scores = keys.map { key in
            Foundation.exp(zip(query[part], key[part]).reduce(0) { $0 + $1.0 * $1.1 } / Double(size).squareRoot())
          }
          let total = scores.reduce(0, +)
          joined += part.map { place in zip(scores, values).reduce(0) { $0 + $1.0 / total * $1.1[place] } }
        }
        return try projected(joined, "to_out.0")
      }
      try expectClose(made[.at(item)], Tensor(expected.flatMap { $0 }, shape: [length, width]), 1e-5)
    }
  }

  @Test
  func `A convolution keeps the size at stride 1 and halves it at stride 2, in one, two and three dimensions`() throws {
    for dimensions in 1...3 {
      let store = randomStore()
      let same = try Convolution(store.root / "same", 2, 4, kernel: 3, dimensions: dimensions)
      let half = try Convolution(store.root / "half", 4, 6, kernel: 3, dimensions: dimensions, stride: 2, groups: 2)
      let x = try normal("image", [1, 2] + Array(repeating: 8, count: dimensions))
      #expect(try same(x).shape == [1, 4] + Array(repeating: 8, count: dimensions))
      #expect(try half(same(x)).shape == [1, 6] + Array(repeating: 4, count: dimensions))
      #expect(half.weight.value.shape == [6, 2] + Array(repeating: 3, count: dimensions))
    }
  }

  @Test func `Normalisations give rows of mean zero and standard deviation one, or of root mean square one`() throws {
    let store = randomStore()
    let x = try normal("rows", [4, 8]) * 3 + 1
    let layer = try LayerNorm(store.root / "layer", 8)(x)
    try expectClose(layer.mean([1]), .zeros([4]), 1e-5)
    try expectClose(layer.variance([1], correction: 0), .ones([4]), 1e-4)
    try expectClose(RMSNorm(store.root / "rms", 8)(x).squared().mean([1]), .ones([4]), 1e-4)
    let group = try GroupNorm(store.root / "group", 8, groups: 2)(x).reshaped([4, 2, 4])
    try expectClose(group.mean([2]), .zeros([4, 2]), 1e-5)
    try expectClose(group.variance([2], correction: 0), .ones([4, 2]), 1e-3)
  }

  @Test func `A convolution has a kernel, a stride, a padding and a dilation for each dimension`() throws {
    let x = try Noise(seed: 1).stream("x", step: 0).normal(0..<2, [3, 5, 8, 6])
    func pictures(_ x: Tensor) throws -> Tensor {
      try x.permuted([0, 2, 1, 3, 4]).reshaped([-1, x.shape[1], x.shape[3], x.shape[4]])
    }
    // Patches within single frames are a convolution of images.
    let patches = try Convolution(randomStore().root, 3, 4, kernel: [1, 2, 3], stride: [1, 2, 3], padding: [0, 0, 0])
    let made = try patches(x)
    #expect(made.shape == [2, 4, 5, 4, 2])
    let flat = try convolution(
      pictures(x), patches.weight.value.squeezed(2), patches.bias?.value, stride: [2, 3], padding: [0, 0],
      dilation: [1, 1])
    try expectClose(pictures(made), flat, 1e-5)
    // A convolution over frames only, with dilation 2: by default the size is kept.
    let frames = try Convolution(randomStore().root, 3, 4, kernel: [3, 1, 1], dilation: [2, 1, 1])
    let pixel = try x.part([.all, .all, .all, .at(3), .at(4)])
    let along = try convolution(
      pixel, frames.weight.value.reshaped([4, 3, 3]), frames.bias?.value, padding: 2, dilation: 2)
    #expect(try frames(x).shape == [2, 4, 5, 8, 6])
    try expectClose(frames(x).part([.all, .all, .all, .at(3), .at(4)]), along, 1e-5)
    #expect(throws: TensorError.self) {
      try convolution(x, frames.weight.value, stride: [1, 1], padding: [0, 0], dilation: [1, 1])
    }
  }
}
