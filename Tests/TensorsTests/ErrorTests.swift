import Tensors
import Testing

@Suite("Errors")
struct ErrorTests {
  private func failure(_ body: () throws -> Void) throws -> TensorError {
    try #require(throws: TensorError.self, performing: body)
  }

  @Test func `A shape mismatch names the operator and both shapes`() throws {
    let error = try failure { _ = try matmul(.ones([3, 4]), .ones([2, 3])) }
    #expect(error.operation == "aten::matmul")
    #expect(error.arguments == ["float32[3, 4]", "float32[2, 3]"])
    #expect(error.reason.contains("3x4 and 2x3"))
    #expect(!error.reason.contains("Exception raised from"))
    #expect(error.description.hasPrefix("aten::matmul on float32[3, 4], float32[2, 3]: "))
  }

  @Test func `Lists of tensors tell their number and their first`() throws {
    let error = try failure { _ = try concatenated([.ones([2, 2]), .ones([3, 3])]) }
    #expect(error.operation == "aten::cat")
    #expect(error.arguments == ["2 tensors", "first float32[2, 2]"])
    let index = try failure { _ = try Tensor.ones([2, 2])[.all, .tensor(Tensor([1.5]))] }
    #expect(index.operation == "aten::index")
    #expect(index.arguments == ["float32[2, 2]", "float64[1]"])
  }

  @Test func `A wrong dtype is refused`() throws {
    let error = try failure { _ = try embedding(Tensor([0.5]), .ones([2, 2])) }
    #expect(error.operation == "aten::embedding")
    #expect(error.arguments == ["float32[2, 2]", "float64[1]"])
    _ = try failure { _ = try convolution(.ones([1, 1, 4, 4]), .ones([1, 1, 3, 3], .float64)) }
    _ = try failure { _ = try select(Tensor([0.5, 1]), .ones([2]), .ones([2])) }
  }

  @Test func `An unknown operator exists not, and says so when called`() throws {
    let unknown = Operator("aten::no_such_thing", "Tensor")
    #expect(!unknown.exists)
    let error = try failure { _ = try unknown(.tensor(.ones([1]))) }
    #expect(error.operation == "aten::no_such_thing.Tensor")
    #expect(error.reason.contains(Runtime.version))
    #expect(!Operator("aten::add", "NoSuchOverload").exists)
    #expect(!Operator("").exists)
  }

  @Test func `Too many, too few and wrong arguments`() throws {
    let exp = Operator("aten::exp")
    let x = try Tensor.ones([2])
    #expect(try failure { _ = try exp(.tensor(x), .double(1)) }.reason == "takes 1 arguments, got 2")
    #expect(try failure { _ = try exp() }.reason.contains("'self' is missing"))
    _ = try failure { _ = try exp(.double(1)) }
    _ = try failure { _ = try exp(.tensor(nil)) }
    _ = try failure { _ = try exp(.tensors([x, x])) }
    _ = try failure { _ = try Operator("aten::sum", "dim_IntList")(.tensor(x), .string("all")) }
  }

  @Test func `One tensor is asked for where there are more, or none`() throws {
    let error = try failure { _ = try Operator("aten::max", "dim")(.tensor(.ones([2, 2])), .int(0)) }
    #expect(error.reason == "does not return one tensor")
    _ = try failure { _ = try Operator("aten::size", "int")(.tensor(.ones([2])), .int(0)) }
    let size = try Operator("aten::size", "int").call([.tensor(.ones([2])), .int(0)])
    guard case .int(2) = size.first else { return #expect(Bool(false), "the size is \(size)") }
  }

  @Test func `A failure leaves the next call as it was`() throws {
    for _ in 0..<100 { _ = try failure { _ = try matmul(.ones([3, 4]), .ones([2, 3])) } }
    #expect(try sum(.ones([3])).item() == 3)
    #expect(isGradEnabled)
  }

  @Test func `Positions and dimensions outside the tensor are errors`() throws {
    let x = try Tensor.ones([2, 3])
    _ = try failure { _ = try x[2] }
    _ = try failure { _ = try x[0, 0, 0] }
    _ = try failure { _ = try x.sum([2]) }
    _ = try failure { _ = try x.selected(Tensor([0, 5])) }
    _ = try failure { _ = try x.reshaped([4]) }
    _ = try failure { _ = try x.item() }
    #expect(try failure { _ = try convolution(x, x) }.operation == "convolution")
    #expect(try failure { try x.copy(from: .ones([5])) }.operation == "aten::copy_")
  }
}
