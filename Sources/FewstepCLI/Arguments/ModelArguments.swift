import ArgumentParser
import Fewstep
import Files
import Tensors

/// A pretrained model on the command line.
struct ModelArguments: ParsableArguments {
  @Argument(help: "A model's folder, in diffusers' layout or its authors'.") var model: String
  @Option(help: "Which of its weight files, such as fp16.") var variant: String?
  @Option(help: "cpu, cuda or cuda:N.") var device = Device.cpu
  @Option(help: "The dtype that networks are kept and computed in.") var precision = Precision.float32
  @Option(
    name: .customLong("set"),
    help: "A setting of the model's family, KEY=VALUE, such as shift=8 of Wan. May be repeated.")
  var settings: [String] = []

  func open() throws -> any PretrainedModel {
    try ProgramPlugins.catalog.model(ModelSource(opening: model, variant, precision, on: device), set: settings)
  }
}

extension ModelSource {
  /// The model in a command's options. Reads only its index.
  ///
  /// - Throws: `Failure` if the device is unavailable or the folder holds no model.
  init(opening path: String, _ variant: String?, _ precision: Precision, on device: Device) throws {
    try device.requirePresence("--device")
    try precision.check(on: device, at: "--precision")
    self = try ModelSource(PipelineFolder(path), variant: variant, precision: precision.dtype, on: device)
  }
}

/// Tensors from one file, results into another.
struct TensorArguments: ParsableArguments {
  @Option(help: "Tensors to read (HDF5 or safetensors).") var input: String
  @Option(help: "The file that the result is written to (HDF5).") var output: String

  /// A network's inputs from the file, by name, on the device.
  ///
  /// - Throws: `Failure` naming a tensor that is missing or does not fit.
  func read(_ inputs: [TensorInput], on device: Device) throws -> [String: Tensor] {
    let file = try TensorFile(input)
    var sizes = [String: Int]()
    var tensors = [String: Tensor]()
    for wanted in inputs {
      guard file.names.contains(wanted.name) else {
        throw Failure(
          .missing, at: input, "there is no '\(wanted.name)'", expected: "\(wanted)",
          got: file.names.prefix(10).joined(separator: ", "))
      }
      let tensor = try file.tensor(wanted.name)
      try wanted.check(tensor, sizes: &sizes, at: input)
      tensors[wanted.name] = try tensor.to(device).to(.float32)
    }
    return tensors
  }

  /// Reads a network's one input, and writes what `body` makes of it, sample by sample and without a graph, as `name`.
  func convert(
    _ input: TensorInput, to name: String, on device: Device, _ body: (Tensor) throws -> Tensor
  ) throws {
    guard let tensor = try read([input], on: device)[input.name] else { return }
    let made = try noGrad { try (0..<tensor.shape[0]).map { try body(tensor.rows($0..<$0 + 1)).to(.cpu) } }
    try write([name: concatenated(made)], to: output)
  }
}

/// Writes tensors and strings to an HDF5 file, and prints a note with the file and the number of non-finite values.
func write(_ tensors: [String: Tensor], texts: [String: [String]] = [:], to output: String) throws {
  try HDF5File.write(to: output) { file in
    for (name, tensor) in tensors { try file.write(tensor.detached().to(.cpu).contiguous(), to: name) }
    for (name, values) in texts { try file.write(values, to: name) }
  }
  let listed = tensors.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.summary)" }
  note("\(output): \(listed.joined(separator: ", "))")
  for (name, tensor) in tensors {
    let wrong = try tensor.nonFiniteCount()
    if wrong > 0 { note("\(name): \(wrong) of \(tensor.count) numbers are infinite or none (NaN)") }
  }
}

extension Device: ExpressibleByArgument {
  /// Networks compute nothing on the meta device.
  public init?(argument: String) {
    guard let device = Device(name: argument), device != .meta else { return nil }
    self = device
  }
}

extension Precision: ExpressibleByArgument {}
