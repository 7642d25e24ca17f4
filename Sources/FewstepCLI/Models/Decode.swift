import ArgumentParser
import Fewstep
import Files

struct Decode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Decode latents with a model's autoencoder.",
    discussion: """
      The input holds `latents`, [B, C, h, w] of images, scaled as the denoiser sees them; the output `pixels` in -1...1, not
      clamped.

      Example:  fewstep decode models/sdxl --input latents.h5 --output pixels.h5
      """)

  @OptionGroup var model: ModelArguments
  @OptionGroup var files: TensorArguments
  @Option(help: "Decode tiles of this many pixels a side, to save memory; whole images by default.") var tile: Int?

  func run() throws {
    try AtomicFile.checkWritable(files.output)
    let codec = try model.open().codec
    if codec is AbsentCodec { try codec.open() }
    if let tile { try codec.check(tile: tile, .usage, at: "--tile") }
    try files.convert(codec.latents, to: "pixels", on: model.device) { try codec.decode($0, tile: tile) }
  }
}
