import Tensors

/// How the parameters of a network's blocks are divided among ranks, as by FSDP2 and ZeRO-3: each rank holds some rows of each
/// parameter, and a block gathers the others' for as long as it runs.
public final class Sharding: @unchecked Sendable {  // read by its own rank's thread alone
  /// The sharding of the networks that are made now; nil divides nothing.
  @TaskLocal public static var current: Sharding?

  /// A row's ranks hold one copy.
  public let mesh: DeviceMesh
  /// Whether the rows wait in the host's memory while their block does not run.
  public let isOffloaded: Bool

  public init(over mesh: DeviceMesh, offloaded: Bool = false) {
    self.mesh = mesh
    isOffloaded = offloaded
  }

  /// This rank's rows of a tensor of a shape. All ranks have as many, but for the last ones.
  public func shard(of shape: [Int]) -> Shard { Shard(shape: shape, rank: mesh.shard.rank, of: mesh.shard.count) }
}

/// The rows of a tensor that one rank holds.
public struct Shard: Equatable, Sendable {
  /// Of the whole tensor.
  public let shape: [Int]
  public let rows: Range<Int>

  init(shape: [Int], rank: Int, of count: Int) {
    self.shape = shape
    rows = Self.rows(ofRank: rank, of: count, shape)
  }

  /// Another rank's rows of the same tensor.
  public func rows(ofRank rank: Int, of count: Int) -> Range<Int> { Self.rows(ofRank: rank, of: count, shape) }

  private static func rows(ofRank rank: Int, of count: Int, _ shape: [Int]) -> Range<Int> {
    let (size, all) = (rows(of: shape, over: count), shape.first ?? 1)
    let first = min(rank * size, all)
    return first..<min(first + size, all)
  }

  /// The most rows that a rank has. A scalar is one row.
  static func rows(of shape: [Int], over count: Int) -> Int { ((shape.first ?? 1) + count - 1) / count }

  /// The rows of the whole tensor, without copying.
  public func rows(of whole: Tensor) throws -> Tensor {
    try shape.isEmpty && rows.isEmpty ? whole.reshaped([1]).rows(0..<0) : shape.isEmpty ? whole : whole.rows(rows)
  }
}
