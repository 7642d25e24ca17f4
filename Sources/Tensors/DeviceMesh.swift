/// Ranks as a table, as PyTorch's DeviceMesh has them for hybrid sharding (HSDP): the ranks of a row are neighbours and hold the
/// rows of one copy of the weights; the ranks of a column hold the same rows of different copies.
public struct DeviceMesh {
  public let all: any Collective
  /// This rank's row.
  public private(set) var shard: any Collective
  /// This rank's column; one rank alone if there is one copy.
  public private(set) var replicate: any Collective

  /// One copy of the weights for all ranks.
  public init(_ all: any Collective) { (self.all, shard, replicate) = (all, all, Single()) }

  /// - Parameter size: how many ranks share a copy, a divisor of their number; nil is all of them.
  /// - Throws: `Failure` if the ranks of a row or column do not find each other.
  public init(_ all: any Collective, sharding size: Int?) throws {
    self.init(all)
    guard let size, size < all.count else { return }
    let (row, column) = (all.rank / size, all.rank % size)
    shard = try all.group(of: Array(row * size..<(row + 1) * size))
    replicate = try all.group(of: Array(stride(from: column, to: all.count, by: size)))
  }

  /// One process alone.
  public static var single: DeviceMesh { DeviceMesh(Single()) }

  /// Starts the sum of all ranks' tensors [shard.count · n, ...], of which each rank gets its rows [n, ...].
  public func startScatteredSum(_ whole: Tensor) throws -> PendingScatteredSum {
    PendingScatteredSum(inRow: try shard.startScatteredSum(whole), column: replicate)
  }
}

/// A sum that goes first over the row, and then, of this rank's rows alone, over the column.
public struct PendingScatteredSum {
  fileprivate let inRow: PendingTensor
  fileprivate let column: any Collective

  /// Waits for the row, and starts the sum over the column.
  public func startColumn() throws -> PendingTensor {
    column.count > 1 ? try column.startSum(inRow.wait()) : inRow
  }

  public func wait() throws -> Tensor { try startColumn().wait() }
}
