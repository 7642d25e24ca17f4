import ArgumentParser
import Fewstep
import Files

struct Encode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Encode pixels with a model's autoencoder.",
    discussion: """
      The input holds `pixels` in -1...1, [B, 3, H, W] of images; the output `latents`: the posterior's mean, scaled as the
      denoiser sees it.

      Example:  fewstep encode models/sdxl --input pixels.h5 --output latents.h5
      """)

  @OptionGroup var model: ModelArguments
  @OptionGroup var files: TensorArguments

  func run() throws {
    try AtomicFile.checkWritable(files.output)
    let codec = try model.open().codec
    if codec is AbsentCodec { try codec.open() }
    try files.convert(codec.pixels, to: "latents", on: model.device) { try codec.encode($0) }
  }
}
