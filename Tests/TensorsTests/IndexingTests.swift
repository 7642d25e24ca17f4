import Tensors
import Testing

@Suite("Indexing")
struct IndexingTests {
  private let x: Tensor

  /// 0 ... 23 as [2, 3, 4].
  init() throws { x = try Tensor.range(to: 24, .float32).reshaped([2, 3, 4]) }

  @Test func `Positions, ranges, new axes and ellipses are views that share memory`() throws {
    let views = [
      try x[0], try x[.all, .range(1, nil)], try x[.ellipsis, -1], try x[.newAxis, .all, 0], try x.rows(0..<1),
      try x.sliced(2, from: 1, to: 4, step: 2), try x.transposed(0, 1), try x.expanded([2, 3, 4]),
    ]
    for view in views { #expect(view.sharesMemory(with: x)) }
    try views[0].fill(-1)
    #expect(try x[0, 0].doubles() == [-1, -1, -1, -1])
    #expect(try x[1].doubles() == (12..<24).map(Double.init))
  }

  @Test func `Tensors of indices, masks, gathering and selecting copy`() throws {
    let (rows, mask) = (try Tensor([1, 0]), try Tensor([true, false]))
    let copies = [
      try x[.tensor(rows)], try x[.tensor(mask)], try x.selected(rows), try x.cloned(),
      try x.gathered(.zeros([2, 3, 1], .int64), 2),
    ]
    for copy in copies { #expect(!copy.sharesMemory(with: x)) }
    try copies[0].fill(-1)
    #expect(try x.doubles() == (0..<24).map(Double.init))
  }

  @Test func `Negative bounds count from the end, nil is the end, and ranges are cut to the tensor`() throws {
    let line = try Tensor([0.0, 1, 2, 3, 4])
    #expect(try line[.range(-2, nil)].doubles() == [3, 4])
    #expect(try line[.range(nil, -2)].doubles() == [0, 1, 2])
    #expect(try line[.range(nil, nil)].doubles() == [0, 1, 2, 3, 4])
    #expect(try line[.range(1, 100)].doubles() == [1, 2, 3, 4])
    #expect(try line[.range(nil, nil, step: 2)].doubles() == [0, 2, 4])
    #expect(try line[.range(3, 1)].shape == [0])
    #expect(try line[-1].item() == 4)
    #expect(throws: TensorError.self) { try line[.range(nil, nil, step: 0)] }
  }

  @Test func `An ellipsis stands for the dimensions that nothing else names`() throws {
    #expect(try x[.ellipsis].shape == [2, 3, 4])
    #expect(try x[0, .ellipsis, 1].doubles() == [1, 5, 9])
    #expect(try x[.ellipsis, 1, .all].shape == [2, 4])
    #expect(try x[0, 1, .ellipsis, 2].item() == 6)
    #expect(try x[.newAxis, .ellipsis, .newAxis].shape == [1, 2, 3, 4, 1])
    #expect(try x[.ellipsis, .newAxis, 0].shape == [2, 3, 1])
    #expect(try x[.all, .newAxis, .tensor(Tensor([2, 0]))].shape == [2, 1, 2, 4])
  }

  @Test func `Masks of several dimensions take several dimensions`() throws {
    let mask = try x.greater(than: 20.5)
    #expect(try x[.tensor(mask)].doubles() == [21, 22, 23])
    let rows = try Tensor([true, false, false, false, false, true], shape: [2, 3])
    #expect(try x[.tensor(rows)].shape == [2, 4])
    #expect(try x[.tensor(rows), .tensor(Tensor([0, 3]))].doubles() == [0, 23])
    #expect(try x[.tensor(rows), 1].doubles() == [1, 21])
    let ends = try x[0].greater(than: 9.5)
    #expect(try x[.ellipsis, .tensor(ends)].doubles() == [10, 11, 22, 23])
  }

  @Test func `Assigning writes into views, with broadcasting and conversion`() throws {
    try x.assign(Tensor([7, 8, 9, 10]), at: .all, 1)
    #expect(try x[.all, 1].doubles() == [7, 8, 9, 10, 7, 8, 9, 10])
    try x.assign(.full([], -1, .float64), at: 0, .ellipsis, .range(-2, nil))
    #expect(try x[0].doubles() == [0, 1, -1, -1, 7, 8, -1, -1, 8, 9, -1, -1])
    #expect(throws: TensorError.self) { try x.assign(.ones([3]), at: .all, 0) }
  }

  @Test func `Assigning writes through tensors of indices and masks`() throws {
    try x.assign(Tensor([100, 200], shape: [2, 1]), at: 1, .tensor(Tensor([2, 0])))
    #expect(try x[1].doubles() == [200, 200, 200, 200, 16, 17, 18, 19, 100, 100, 100, 100])
    try x.assign(.full([], -1, .float64), at: .tensor(x.greater(than: 99)))
    #expect(try sum(x[1]).doubles() == [62])
    try x.assign(.zeros([4]), at: 0, .tensor(Tensor([true, false, true])))
    #expect(try x[0].doubles() == [0, 0, 0, 0, 4, 5, 6, 7, 0, 0, 0, 0])
  }

  @Test func `Gradients pass through views and assignments into them`() throws {
    let leaf = try Tensor([1.0, 2, 3]).requiringGrad()
    let y = try leaf * 2.0
    try y.assign(leaf[0].squared(), at: 2)
    try sum(y).backward()
    #expect(try leaf.gradient?.doubles() == [4, 2, 0])
  }
}
