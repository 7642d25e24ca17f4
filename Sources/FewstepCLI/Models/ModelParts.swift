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
    let pixels = try files.read(codec.pixels, on: model.device)
    try write(["latents": noGrad { try codec.encode(pixels) }], to: files.output)
  }
}

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
    if let tile { try codec.check(tile: tile, .usage, at: "--tile") }
    let latents = try files.read(codec.latents, on: model.device)
    try write(["pixels": noGrad { try codec.decode(latents, tile: tile) }], to: files.output)
  }
}

struct Embed: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Embed prompts with a model's text encoders.",
    discussion: """
      The output holds the denoiser's inputs for the prompts, for SDXL `text` [N, 77, 2048] and `pooled` [N, 1280], and the
      prompts.

      Example:  fewstep embed models/sdxl "a red fox" "a blue whale" --output y.h5
      """)

  @OptionGroup var model: ModelArguments
  @Argument(help: "The prompts.") var prompts: [String] = []
  @Option(help: "Prompts in a file, one a line, or JSON lines with prompt, caption or text.") var file: String?
  @Option(help: "The file that the result is written to (HDF5).") var output: String

  func validate() throws {
    guard prompts.isEmpty != (file == nil) else { throw ValidationError("give prompts or --file, and not both") }
  }

  func run() throws {
    try AtomicFile.checkWritable(output)
    let prompts = try file.map(PromptFile.read) ?? prompts
    let (tensors, cutOff) = try noGrad { try model.open().conditioner.embed(prompts) }
    for (prompt, count) in zip(prompts, cutOff) where count > 0 { note(cutOffMessage(prompt, tokens: count)) }
    try write(tensors, texts: ["prompts": prompts], to: output)
  }
}

func cutOffMessage(_ prompt: String, tokens: Int) -> String {
  let what = tokens == 1 ? "the last token is" : "the last \(tokens) tokens are"
  return "\(what) more than the encoders read, and cut off: \(prompt.prefix(60))…"
}
