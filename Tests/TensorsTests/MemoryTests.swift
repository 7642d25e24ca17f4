import Tensors
import TestSupport
import Testing

@Suite("Memory")
struct MemoryTests {
  @Test func `Temporaries live as long as the call that borrows them`() throws {
    let x = try Tensor([1] as [Float])
    var last = 0.0
    for round in 0..<100_000 {
      let y = try (x + 1.0) * (x + Double(round))
      if round % 1000 == 0 { last = try y.item() }
    }
    #expect(last == 2 * (1 + 99_000))
  }

  @Test func `Lists of temporaries live as long as the call`() throws {
    for round in 0..<2_000 {
      let parts = try stacked((0..<8).map { try Tensor.full([16], Double(round + $0)) })
      #expect(try parts.sum([1]).doubles() == (0..<8).map { Double(16 * (round + $0)) })
    }
  }

  private final class Owner {
    let bytes: UnsafeMutableRawBufferPointer
    init(_ values: [Float]) {
      bytes = .allocate(byteCount: values.count * 4, alignment: 64)
      values.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
    deinit { bytes.deallocate() }
  }

  @Test func `Mapped memory keeps its owner for as long as any view of it lives`() throws {
    weak var witness: Owner?
    func map() throws -> Tensor {
      let owner = Owner([1, 2, 3, 4, 5, 6])
      witness = owner
      let start = try #require(UnsafeRawPointer(owner.bytes.baseAddress))
      let whole = try Tensor.mapped(start, shape: [2, 3], dtype: .float32, keeping: owner)
      #expect(whole.shape == [2, 3])
      try whole.withBytes { #expect($0.baseAddress == start) }
      return try whole[1, .range(1, nil)]
    }
    func use() throws {
      let view = try map()
      #expect(witness != nil)
      #expect(try view.doubles() == [5, 6])
      let sum = try view + 1.0
      #expect(try sum.doubles() == [6, 7])
    }
    try use()
    #expect(witness == nil)
  }

  @Test func `Mapping fails without keeping the owner`() throws {
    weak var witness: Owner?
    func fail() throws {
      let owner = Owner([1, 2])
      witness = owner
      let start = try #require(UnsafeRawPointer(owner.bytes.baseAddress))
      #expect(throws: TensorError.self) {
        try Tensor.mapped(start, shape: [-2], dtype: .float32, keeping: owner)
      }
    }
    try fail()
    #expect(witness == nil)
  }

  @Test func `The bytes of a view that is not contiguous are row-major`() throws {
    let x = try Tensor.range(to: 6, .int32).reshaped([2, 3])
    let turned: [Int32] = try x.transposed(0, 1).withBytes { Array($0.bindMemory(to: Int32.self)) }
    #expect(turned == [0, 3, 1, 4, 2, 5])
    let strided: [Int32] = try x[.all, .range(nil, nil, step: 2)].withBytes { Array($0.bindMemory(to: Int32.self)) }
    #expect(strided == [0, 2, 3, 5])
    let repeated = try x[0].unsqueezed(0).expanded([2, 3])
    #expect(try repeated.integers() == [0, 1, 2, 0, 1, 2])
  }

  @Test(arguments: DType.allCases)
  func `Every dtype survives the way in and out`(_ dtype: DType) throws {
    let count = 6 * dtype.byteCount
    // Bytes of 0 and 1 are elements of every dtype, bool included.
    let bytes = (0..<count).map { UInt8(($0 * 7 + 3) % 5 < 2 ? 1 : 0) }
    let x = try bytes.withUnsafeBytes { try Tensor(bytes: $0, shape: [2, 3], dtype: dtype) }
    #expect(x.dtype == dtype)
    #expect(x.summary == "\(dtype.name)[2, 3]")
    #expect(try x.withBytes { Array($0) } == bytes)
    #expect(try x.cloned().withBytes { Array($0) } == bytes)
    let small = try Tensor([0.0, 1, 1, 0, 1, 1]).to(dtype)
    #expect(try small.doubles() == [0, 1, 1, 0, 1, 1])
    #expect(try small.floats() == [0, 1, 1, 0, 1, 1])
    #expect(try small.integers() == [0, 1, 1, 0, 1, 1])
    #expect(try small.bools() == [false, true, true, false, true, true])
    #expect(try small[1].item() == 1)
  }

  @Test func `Half precisions round to nearest, ties to even`() throws {
    let x = try Tensor([1 + 0x1p-8, 1 + 0x1p-8 + 0x1p-20, 1 + 3 * 0x1p-8, 65504, 65520, 0x1p-24, -0.0])
    let brain = try x.to(.bfloat16)
    #expect(try brain.doubles() == [1, 1 + 0x1p-7, 1 + 0x1p-6, 65536, 65536, 0x1p-24, -0.0])
    let half = try x.to(.float16)
    #expect(try half.doubles() == [1 + 0x1p-8, 1 + 0x1p-8, 1 + 3 * 0x1p-8, 65504, .infinity, 0x1p-24, -0.0])
    let words: [UInt16] = try brain.withBytes { Array($0.bindMemory(to: UInt16.self)) }
    #expect(words == [0x3F80, 0x3F81, 0x3F82, 0x4780, 0x4780, 0x3380, 0x8000])
  }

  @Test func `Integers are exact to their last bit`() throws {
    let values = [9_007_199_254_740_993, -9_007_199_254_740_995, .max, .min, 0]
    #expect(try Tensor(values).integers() == values)
    #expect(try Tensor(values, shape: [5, 1]).transposed(0, 1).integers() == values)
  }

  @Test func `Anything but zero is true`() throws {
    #expect(try Tensor([0.0, 0.5, -0.1, 256, .nan]).bools() == [false, true, true, true, true])
    #expect(try Tensor([0, 256, -1]).bools() == [false, true, true])
  }

  @Test func `Bytes that do not fill the shape are refused`() throws {
    #expect(throws: TensorError.self) { try Tensor([1.0, 2, 3], shape: [2, 2]) }
    #expect(throws: TensorError.self) { try Tensor([1.0, 2], shape: [-1, -2]) }
    #expect(try Tensor([Double](), shape: [0, 3]).shape == [0, 3])
    #expect(try Tensor([Double]()).doubles().isEmpty)
    #expect(try Tensor([5.0], shape: []).item() == 5)
  }

  @Test func `A small tensor shows its values, a large one its shape`() throws {
    #expect("\(try Tensor([1.0, 2.5]))" == "float64[2] [1.0, 2.5]")
    #expect("\(try Tensor.zeros([64, 1, 28, 28]))" == "float32[64, 1, 28, 28]")
    #expect(try Tensor.zeros([2, 3]).count == 6)
    #expect(try Tensor.zeros([]).count == 1)
  }
}
