import Tensors

/// The first of several ranks on the meta device: results have their shapes, and what would travel is counted.
final class PlannedCollective: Collective {
  let rank = 0
  let count: Int
  let requests = Requests()
  /// Bytes that a rank sends so far, by algorithms that use each link equally (rings): of sums, and of rows.
  private(set) var sentBytes = (sums: 0.0, rows: 0.0)

  init(_ count: Int) { self.count = count }

  private func size(_ tensor: Tensor) -> Double { Double(tensor.count * tensor.dtype.byteCount * (count - 1)) }

  func startSum(_ tensor: Tensor) throws -> PendingTensor {
    sentBytes.sums += 2 * size(tensor) / Double(count)
    return PendingTensor { tensor }
  }

  func startGather(_ piece: Tensor) throws -> PendingTensor {
    sentBytes.rows += size(piece)
    let whole = try Tensor.empty([count * piece.shape[0]] + piece.shape.dropFirst(), piece.dtype, on: piece.device)
    return PendingTensor { whole }
  }

  func startScatteredSum(_ whole: Tensor) throws -> PendingTensor {
    sentBytes.rows += size(whole) / Double(count)
    let rows = try whole.rows(0..<whole.shape[0] / count).cloned()
    return PendingTensor { rows }
  }

  func broadcast(_ tensors: [Tensor], from rank: Int) {}
  func word(_ own: Int) -> Int { own }
  func abort(_ error: any Error) {}
}
