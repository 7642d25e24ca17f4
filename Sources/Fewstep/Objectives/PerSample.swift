import Tensors

/// One number per sample of a batch, such as an advantage or a weight. `*` multiplies each sample of [B, ...] by its
/// number, so that code reads like the equations.
public struct PerSample {
  /// [B]
  public let values: Tensor

  /// - Throws: `TensorError` if `values` is not [B].
  public init(_ values: Tensor) throws {
    guard values.rank == 1 else {
      throw TensorError("PerSample", "expected [B], one number per sample, got \(values.summary)")
    }
    self.values = values
  }

  /// The same for part of the batch.
  public func rows(_ range: Range<Int>) throws -> PerSample { try PerSample(values.rows(range)) }
}

public func + (a: PerSample, b: PerSample) throws -> PerSample { try PerSample(a.values + b.values) }
public func + (a: PerSample, b: Double) throws -> PerSample { try PerSample(a.values + b) }
public func + (a: Double, b: PerSample) throws -> PerSample { try PerSample(a + b.values) }

public func - (a: PerSample, b: PerSample) throws -> PerSample { try PerSample(a.values - b.values) }
public func - (a: PerSample, b: Double) throws -> PerSample { try PerSample(a.values - b) }
public func - (a: Double, b: PerSample) throws -> PerSample { try PerSample(a - b.values) }
public prefix func - (a: PerSample) throws -> PerSample { try PerSample(-a.values) }

public func * (a: PerSample, b: PerSample) throws -> PerSample { try PerSample(a.values * b.values) }
public func * (a: PerSample, b: Double) throws -> PerSample { try PerSample(a.values * b) }
public func * (a: Double, b: PerSample) throws -> PerSample { try PerSample(a * b.values) }

public func / (a: PerSample, b: PerSample) throws -> PerSample { try PerSample(a.values / b.values) }
public func / (a: PerSample, b: Double) throws -> PerSample { try PerSample(a.values / b) }

/// Each sample [B, ...] times its number.
public func * (a: PerSample, b: Tensor) throws -> Tensor { try a.values.broadcast(toRank: b.rank) * b }

public func exp(_ x: PerSample) throws -> PerSample { try PerSample(exp(x.values)) }
public func mean(_ x: PerSample) throws -> Tensor { try mean(x.values) }
