import Tensors
import TestSupport
import Testing

@Suite struct DeviceMeshTests {
  @Test func `Neighbours share a copy, and equal places of copies are a column`() throws {
    let results = MemoryCollective.run(6) { collective in
      let mesh = try DeviceMesh(collective, sharding: 3)
      func members(_ group: any Collective) throws -> [Int] {
        try group.startGather(Tensor([collective.rank])).wait().integers()
      }
      #expect(mesh.shard.requests === collective.requests)
      let sum = try mesh.startScatteredSum(Tensor([1, 2, 3].map { $0 * Double(collective.rank + 1) })).wait()
      return (try members(mesh.shard), try members(mesh.replicate), try sum.doubles())
    }
    for (rank, result) in results.enumerated() {
      let (row, column, sum) = try result.get()
      #expect(row == (rank < 3 ? [0, 1, 2] : [3, 4, 5]) && column == [rank % 3, rank % 3 + 3])
      // 1 + 2 + ... + 6 ranks.
      #expect(sum == [Double(rank % 3 + 1) * 21])
    }
  }

  @Test func `One copy needs no groups`() throws {
    for result in MemoryCollective.run(2, { try DeviceMesh($0, sharding: $0.rank == 0 ? 2 : nil).replicate.count }) {
      #expect(try result.get() == 1)
    }
  }
}
