import Tensors
import TestSupport
import Testing

@Suite("Noise")
struct NoiseTests {
  private struct RecordedStream: Decodable {
    let seed: Int
    let purpose: String
    let step: Int
    let first: Int
    let count: Int
    let shape: [Int]
    let words: [UInt32]
    let normal: [Double]
  }

  struct KnownAnswer: Sendable {
    let block: Int
    /// Its hash is the vector's second word of the counter.
    let purpose: String
    let step: Int
    let sample: Int
    let seed: Int
    let words: [UInt32]
  }

  @Test(arguments: [
    KnownAnswer(  // all zeros
      block: 0, purpose: "ppkttia", step: 0, sample: 0, seed: 0,
      words: [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]),
    KnownAnswer(  // all ones
      block: 0xFFFF_FFFF, purpose: "qrxukcj", step: 0xFFFF_FFFF, sample: 0xFFFF_FFFF, seed: -1,
      words: [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]),
    KnownAnswer(  // the digits of pi; the second word of the counter is 85a308d3
      block: 0x243F_6A88, purpose: "fsrpcl", step: 0x1319_8A2E, sample: 0x0370_7344, seed: 0x299F_31D0_A409_3822,
      words: [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]),
  ])
  func `Words are those that Random123 publishes for Philox 4x32-10`(_ known: KnownAnswer) {
    let stream = Noise(seed: known.seed).stream(known.purpose, step: known.step)
    let words = (0..<4).map { UInt32(stream.unit(known.sample, 4 * known.block + $0) * 4_294_967_296) }
    #expect(words == known.words)
  }

  @Test func `Numbers are those of the reference in Python`() throws {
    let recorded: [RecordedStream] = try fixture("noise.json")
    #expect(recorded.count == 4)
    for case let row in recorded {
      let stream = Noise(seed: row.seed).stream(row.purpose, step: row.step)
      let samples = row.first..<(row.first + row.count)
      let normal = try stream.normal(samples, row.shape)
      #expect(normal.shape == [row.count] + row.shape)
      #expect(normal.dtype == .float32)
      let values = try normal.doubles()
      #expect(zip(values, row.normal).allSatisfy { Swift.abs($0 - $1) < 1e-6 }, "\(values), \(row.normal)")
      let perSample = row.shape.reduce(1, *)
      let units = samples.flatMap { sample in (0..<perSample).map { stream.unit(sample, $0) } }
      #expect(units == row.words.map { Double($0) / 4_294_967_296 })
      let uniform = try stream.uniform(samples, row.shape, low: -1, high: 3)
      #expect(try uniform.floats() == units.map { Float(-1 + 4 * $0) })
      #expect(uniform.shape == normal.shape)
    }
  }

  @Test func `A batch is the same however it is cut`() throws {
    let stream = Noise(seed: 5).stream("noise", step: 3)
    for shape in [[2, 3], [], [1], [8]] {
      let whole = try stream.normal(0..<64, shape)
      let parts = try (0..<4).map { try stream.normal((16 * $0)..<(16 * $0 + 16), shape) }
      #expect(try concatenated(parts).floats() == whole.floats())
      let uniform = try (0..<4).map { try stream.uniform((16 * $0)..<(16 * $0 + 16), shape) }
      #expect(try concatenated(uniform).floats() == stream.uniform(0..<64, shape).floats())
    }
    #expect(
      stream.integers(0..<64, below: 10) == stream.integers(0..<40, below: 10) + stream.integers(40..<64, below: 10))
    #expect(try stream.normal(3..<3, [2]).shape == [0, 2])
  }

  @Test func `Seeds, purposes, steps and samples differ; the same ones do not`() throws {
    func draw(_ seed: Int, _ purpose: String, _ step: Int, _ sample: Int) throws -> [Float] {
      try Noise(seed: seed).stream(purpose, step: step).normal(sample..<(sample + 1), [8]).floats()
    }
    let all = try [
      draw(0, "noise", 0, 0), draw(1, "noise", 0, 0), draw(1 << 32, "noise", 0, 0), draw(-1, "noise", 0, 0),
      draw(0, "time", 0, 0), draw(0, "", 0, 0), draw(0, "noise", 1, 0), draw(0, "noise", 0, 1),
    ]
    #expect(Set(all).count == all.count)
    #expect(Set(all.flatMap { $0 }).count == 8 * all.count)
    #expect(try draw(0, "noise", 0, 0) == all[0])
  }

  @Test func `Normal numbers have the moments of a normal distribution`() throws {
    let values = try Noise(seed: 11).stream("moments", step: 0).normal(0..<1000, [100]).doubles()
    let n = Double(values.count)
    func moment(_ power: Int) -> Double {
      values.reduce(0) { sum, x in sum + (0..<power).reduce(1.0) { product, _ in product * x } } / n
    }
    // Four standard errors: 1, sqrt 2, sqrt 15 and sqrt 96 over sqrt n.
    #expect(Swift.abs(moment(1)) < 0.0127)
    #expect(Swift.abs(moment(2) - 1) < 0.0179)
    #expect(Swift.abs(moment(3)) < 0.049)
    #expect(Swift.abs(moment(4) - 3) < 0.124)
    #expect(values.allSatisfy { Swift.abs($0) < 6 })
    // Neighbors, which Box and Muller make from the same words, are not correlated.
    let pairs = stride(from: 0, to: values.count, by: 2).map { values[$0] * values[$0 + 1] }
    #expect(Swift.abs(pairs.reduce(0, +) / Double(pairs.count)) < 0.018)
    let beyond = Double(values.count { Swift.abs($0) > 1.96 }) / n
    #expect(Swift.abs(beyond - 0.05) < 0.003)
  }

  @Test func `Uniform numbers fill their range and stay in it`() throws {
    let stream = Noise(seed: 2).stream("uniform", step: 9)
    let values = try stream.uniform(0..<1000, [10], low: -2, high: 3).doubles()
    #expect(values.allSatisfy { -2 <= $0 && $0 < 3 })
    #expect(Swift.abs(values.reduce(0, +) / 10_000 - 0.5) < 0.06)
    for tenth in 0..<10 {
      let (low, high) = (-2 + 0.5 * Double(tenth), -1.5 + 0.5 * Double(tenth))
      #expect((880...1120).contains(values.count { low <= $0 && $0 < high }))
    }
    #expect(try stream.uniform(0..<3).shape == [3])
  }

  @Test func `The upper end of a uniform range is not reached in single precision either`() throws {
    let stream = Noise(seed: 0).stream("upper end", step: 0)
    let sample = 11_033_871
    // Word ffffff8d: float32 would round the number up to 1.
    #expect(Float(stream.unit(sample, 3)) == 1)
    #expect(try stream.uniform(sample..<(sample + 1), [4]).floats()[3] == Float(1).nextDown)
    #expect(try stream.uniform(sample..<(sample + 1), [4], low: -3, high: 5).floats()[3] == Float(5).nextDown)
  }

  @Test func `Whole numbers lie below their bound, all of them alike`() {
    let values = Noise(seed: 4).stream("classes", step: 0).integers(0..<10_000, below: 10)
    #expect(Set(values) == Set(0..<10))
    for number in 0..<10 { #expect((880...1120).contains(values.count { $0 == number })) }
    #expect(Noise(seed: 4).stream("classes", step: 0).integers(0..<5, below: 1) == [0, 0, 0, 0, 0])
  }

  @Test func `A permutation has every number once, and is the same each time`() {
    let noise = Noise(seed: 8)
    let order = noise.stream("order", step: 0).permutation(1000)
    #expect(order.sorted() == Array(0..<1000))
    #expect(order != Array(0..<1000))
    #expect(order == noise.stream("order", step: 0).permutation(1000))
    #expect(order != noise.stream("order", step: 1).permutation(1000))
    #expect(noise.stream("order", step: 0).permutation(0).isEmpty)
    #expect(noise.stream("order", step: 0).permutation(1) == [0])
  }

  @Test func `Permutations of three are equally likely`() {
    let noise = Noise(seed: 8)
    let orders = (0..<6000).map { noise.stream("order", step: $0).permutation(3) }
    let counts = Dictionary(grouping: orders) { $0 }.mapValues(\.count)
    #expect(counts.count == 6)
    for (_, count) in counts { #expect((870...1130).contains(count)) }
  }
}
