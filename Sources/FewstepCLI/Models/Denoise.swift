import ArgumentParser
import Fewstep
import Files
import Tensors

struct Denoise: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run one forward pass of a model's denoiser on tensors in a file.",
    discussion: """
      For comparing a port with the original, number by number. The input holds the denoiser's inputs by name, for SDXL:
      sample, timestep, text, pooled and time-ids. The output holds the network's raw output, as `output`, in float32.

      Example:  fewstep denoise models/sdxl --input x.h5 --output y.h5
      """)

  @OptionGroup var model: ModelArguments
  @OptionGroup var files: TensorArguments

  func run() throws {
    try AtomicFile.checkWritable(files.output)
    let opened = try model.open()
    let inputs = try files.read(opened.denoiserInputs, on: model.device)
    try write(["output": noGrad { try opened.denoise(inputs) }], to: files.output)
  }
}
