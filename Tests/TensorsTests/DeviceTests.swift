import Tensors
import Testing

@Suite("Devices, dtypes and the runtime")
struct DeviceTests {
  @Test func `Device names are read and written`() {
    #expect(Device(name: "cpu") == .cpu)
    #expect(Device(name: "meta") == .meta)
    #expect(Device(name: "cuda") == .cuda(0))
    #expect(Device(name: "cuda:3") == .cuda(3))
    for name in ["", "CPU", "cuda:", "cuda:-1", "cuda:x", "gpu", "mps"] { #expect(Device(name: name) == nil) }
    for device in [Device.cpu, .meta, .cuda(0), .cuda(7)] { #expect(Device(name: "\(device)") == device) }
  }

  @Test func `Dtype names are PyTorch's, and read back`() {
    let names = [
      "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "bool", "bfloat16",
    ]
    #expect(DType.allCases.map(\.name) == names)
    #expect(DType.allCases.map(\.byteCount) == [1, 1, 2, 4, 8, 2, 4, 8, 1, 2])
    for dtype in DType.allCases { #expect(DType(name: dtype.name) == dtype) }
    #expect(DType(name: "half") == nil)
    #expect(DType.allCases.filter(\.isFloatingPoint) == [.float16, .float32, .float64, .bfloat16])
  }

  @Test(arguments: DType.allCases)
  func `A tensor knows its dtype and device`(_ dtype: DType) throws {
    let x = try Tensor.ones([2], dtype)
    #expect(x.dtype == dtype)
    #expect(x.device == .cpu)
    #expect(try x.to(dtype) === x)
    #expect(try x.to(.cpu) === x)
  }

  @Test func `Meta tensors have shapes without memory`() throws {
    // This would take eight terabytes of memory.
    let weight = try Tensor.empty([1_000_000, 2_000_000], on: .meta)
    #expect(weight.device == .meta)
    #expect(weight.summary == "float32[1000000, 2000000]")
    let x = try Tensor.zeros([3, 2_000_000], on: .meta)
    let y = try linear(x, weight)
    #expect(y.shape == [3, 1_000_000])
    #expect(y.device == .meta)
    #expect(try y.to(.bfloat16).dtype == .bfloat16)
    #expect(throws: TensorError.self) { try y.floats() }
    #expect(throws: TensorError.self) { try linear(x, x.transposed(0, 1)) }
  }

  @Test(.enabled(if: Device.cudaCount == 0))
  func `A device that is not there is an error`() {
    #expect(throws: TensorError.self) { try Tensor.zeros([1], on: .cuda(0)) }
  }

  @Test func `The runtime says which libtorch it is`() {
    #expect(Runtime.version.split(separator: ".").count >= 2)
    #expect(Runtime.configuration.contains("PyTorch built with"))
    #expect(Runtime.libraryPath.contains("libtorch_cpu"))
    #expect(Runtime.threads >= 1)
  }
}
