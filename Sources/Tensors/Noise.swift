import Foundation

/// Random numbers as a function of (seed, purpose, step, sample). They do not depend on earlier calls: micro-batch
/// size, world size and resuming change nothing.
///
/// The generator is Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11). Its key is the
/// seed, its counter is (block, purpose, step, sample); normal deviates are by Box and Muller. Values are made on the
/// CPU, so that they are the same for every device and libtorch.
public struct Noise: Sendable {
  public let seed: UInt64

  public init(seed: Int) { self.seed = UInt64(bitPattern: Int64(seed)) }

  /// A stream of numbers for each sample.
  public struct Stream: Sendable {
    fileprivate let key: (UInt32, UInt32)
    fileprivate let purpose: UInt32
    fileprivate let step: UInt32
  }

  /// - Parameter purpose: the use of the numbers ("time", "student noise"): streams with different names are
  ///   independent.
  public func stream(_ purpose: String, step: Int) -> Stream {
    // FNV-1a: stable between runs, unlike Swift's own hashes.
    let hash = purpose.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    return Stream(
      key: (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)), purpose: hash,
      step: UInt32(truncatingIfNeeded: step))
  }
}

extension Noise.Stream {
  /// Standard normal float32 [samples.count, ...shape]; row i belongs to sample `samples[i]`.
  public func normal(_ samples: Range<Int>, _ shape: [Int], on device: Device = .cpu) throws -> Tensor {
    let perSample = shape.reduce(1, *)
    let values = [Float](unsafeUninitializedCapacity: samples.count * perSample) { buffer, count in
      var place = 0
      for sample in samples {
        var left = perSample
        var block: UInt32 = 0
        while left > 0 {
          let bits = words(block, UInt32(truncatingIfNeeded: sample))
          let (a, b) = boxMuller(bits.0, bits.1)
          let (c, d) = boxMuller(bits.2, bits.3)
          buffer[place] = a
          if left > 1 { buffer[place + 1] = b }
          if left > 2 { buffer[place + 2] = c }
          if left > 3 { buffer[place + 3] = d }
          place += min(left, 4)
          left -= 4
          block &+= 1
        }
      }
      count = place
    }
    return try Tensor(values, shape: [samples.count] + shape).to(device)
  }

  /// float32 [samples.count, ...shape], uniform in [low, high).
  public func uniform(
    _ samples: Range<Int>, _ shape: [Int] = [], low: Double = 0, high: Double = 1, on device: Device = .cpu
  ) throws -> Tensor {
    let perSample = shape.reduce(1, *)
    let largest = max(Float(low), Float(high).nextDown)  // rounding to float32 may reach `high`
    var values = [Float]()
    values.reserveCapacity(samples.count * perSample)
    for sample in samples {
      for index in 0..<perSample { values.append(min(Float(low + (high - low) * unit(sample, index)), largest)) }
    }
    return try Tensor(values, shape: [samples.count] + shape).to(device)
  }

  /// Whole numbers in 0..<bound, one per sample.
  public func integers(_ samples: Range<Int>, below bound: Int) -> [Int] {
    samples.map { min(Int(unit($0, 0) * Double(bound)), bound - 1) }
  }

  /// The `index`-th number in [0, 1) of a sample's stream, with 32 random bits.
  public func unit(_ sample: Int = 0, _ index: Int = 0) -> Double {
    let bits = words(UInt32(truncatingIfNeeded: index >> 2), UInt32(truncatingIfNeeded: sample))
    let word = [bits.0, bits.1, bits.2, bits.3][index & 3]
    return Double(word) / 4_294_967_296
  }

  /// A permutation of 0..<count.
  public func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for i in stride(from: count - 1, to: 0, by: -1) { order.swapAt(i, min(Int(unit(i) * Double(i + 1)), i)) }
    return order
  }

  /// Philox 4x32-10 of the counter (block, purpose, step, sample).
  @inline(__always)
  private func words(_ block: UInt32, _ sample: UInt32) -> (UInt32, UInt32, UInt32, UInt32) {
    var c = (block, purpose, step, sample)
    var k = key
    for _ in 0..<10 {
      let p0 = UInt64(0xD251_1F53) &* UInt64(c.0)
      let p1 = UInt64(0xCD9E_8D57) &* UInt64(c.2)
      c = (
        UInt32(truncatingIfNeeded: p1 >> 32) ^ c.1 ^ k.0, UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ c.3 ^ k.1, UInt32(truncatingIfNeeded: p0)
      )
      k.0 &+= 0x9E37_79B9
      k.1 &+= 0xBB67_AE85
    }
    return c
  }

  /// Two standard normal numbers from two words.
  @inline(__always)
  private func boxMuller(_ u: UInt32, _ v: UInt32) -> (Float, Float) {
    let radius = (-2 * logf((Float(u >> 8) + 0.5) * 0x1p-24)).squareRoot()
    let angle = 2 * Float.pi * (Float(v >> 8) * 0x1p-24)
    return (radius * cosf(angle), radius * sinf(angle))
  }
}
