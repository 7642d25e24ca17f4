import Tensors

/// The first of several ranks on the meta device: results have their shapes, and what would travel is counted.
final class PlannedCollective: Collective {
  let rank = 0
  let count: Int
  let requests = Requests()
  /// The highest rank of the whole that is one of these.
  private let last: Int
  /// Bytes that this rank has sent, by algorithms that use each link equally (rings).
  private var sentBytes = 0.0
  private var parts = [PlannedCollective]()

  convenience init(_ count: Int) { self.init(count, last: count - 1) }

  private init(_ count: Int, last: Int) { (self.count, self.last) = (count, last) }

  /// What was sent among these ranks and among parts of them.
  var traffic: [RunPlan.Traffic] {
    [RunPlan.Traffic(lastRank: last, bytes: sentBytes)] + parts.flatMap(\.traffic)
  }

  func group(of ranks: [Int]) -> any Collective {
    let part = PlannedCollective(ranks.count, last: ranks.max() ?? 0)
    parts.append(part)
    return part
  }

  private func size(_ tensor: Tensor) -> Double { Double(tensor.count * tensor.dtype.byteCount * (count - 1)) }

  func startSum(_ tensor: Tensor) throws -> PendingTensor {
    sentBytes += 2 * size(tensor) / Double(count)
    return PendingTensor { tensor }
  }

  func startGather(_ piece: Tensor) throws -> PendingTensor {
    sentBytes += size(piece)
    let whole = try Tensor.empty([count * piece.shape[0]] + piece.shape.dropFirst(), piece.dtype, on: piece.device)
    return PendingTensor { whole }
  }

  func startScatteredSum(_ whole: Tensor) throws -> PendingTensor {
    sentBytes += size(whole) / Double(count)
    let rows = try whole.rows(0..<whole.shape[0] / count).cloned()
    // What travels is kept until it is there.
    return PendingTensor { withExtendedLifetime(whole) { rows } }
  }

  func broadcast(_ tensors: [Tensor], from rank: Int) {}
  func word(_ own: Int) -> Int { own }
  func abort(_ error: any Error) {}
}
