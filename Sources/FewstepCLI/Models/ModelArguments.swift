import ArgumentParser
import Fewstep
import Storage
import Tensors

/// A pretrained model on the command line.
struct ModelArguments: ParsableArguments {
  @Argument(help: "A model's folder in diffusers' layout.") var model: String
  @Option(help: "Which of its weight files, such as fp16.") var variant: String?
  @Option(help: "cpu, cuda or cuda:N.") var device = Device.cpu
  @Option(help: "What is computed in.") var precision = Precision.float32

  func open() throws -> any ModelPipeline {
    let source = try ModelSource(PipelineFolder(model), variant: variant, precision: precision.dtype, on: device)
    return try FewstepCommand.catalog.pipeline(source.folder).open(source)
  }
}

/// The tensors of one file in, those of another out.
struct TensorArguments: ParsableArguments {
  @Option(help: "Tensors to read (HDF5 or safetensors).") var input: String
  @Option(help: "Where the result goes (HDF5).") var output: String

  /// A tensor of the input, on the device.
  ///
  /// - Throws: `StorageError` naming what is missing and what is there.
  func read(_ name: String, _ meaning: String, on device: Device) throws -> Tensor {
    let file = try TensorFile(input)
    guard file.names.contains(name) else {
      throw StorageError(
        .missing, at: input, "there is no '\(name)'", expected: meaning,
        got: file.names.prefix(10).joined(separator: ", "))
    }
    return try file.tensor(name).to(device).to(.float32)
  }

}

/// Writes tensors, and texts, to an HDF5 file and says so.
func write(_ tensors: [String: Tensor], texts: [String: [String]] = [:], to output: String) throws {
  try HDF5File.write(to: output) { file in
    for (name, tensor) in tensors { try file.write(tensor.detached().to(.cpu).contiguous(), to: name) }
    for (name, values) in texts { try file.write(values, to: name) }
  }
  let listed = tensors.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.summary)" }
  note("\(output): \(listed.joined(separator: ", "))")
}

extension Device: ExpressibleByArgument {
  public init?(argument: String) { self.init(name: argument) }
}

/// What networks compute in, and what is stored.
enum Precision: String, CaseIterable, ExpressibleByArgument {
  case float32
  case bfloat16
  case float16

  var dtype: DType {
    switch self {
    case .float32: .float32
    case .bfloat16: .bfloat16
    case .float16: .float16
    }
  }
}
