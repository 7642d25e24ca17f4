import ArgumentParser
import Fewstep
import Files
import Tensors

struct Denoise: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ask a model's denoising network once, on given tensors.",
    discussion: """
      So that a port can be compared with the original, number by number. The input holds, for SDXL: sample, timestep,
      text, pooled and time-ids; the output holds the network's raw answer, as `output`, in float32.

      Example:  fewstep denoise models/sdxl --input x.h5 --output y.h5
      """)

  @OptionGroup var model: ModelArguments
  @OptionGroup var files: TensorArguments

  func run() throws {
    try AtomicFile.checkWritable(files.output)
    let pipeline = try model.open()
    let inputs = try files.read(pipeline.denoiserInputs, on: model.device)
    try write(["output": noGrad { try pipeline.denoise(inputs) }], to: files.output)
  }
}

struct Encode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Encode pixels with a model's autoencoder.",
    discussion: """
      The input holds `pixels`, [B, 3, H, W] in -1...1; the output `latents`: the posterior's mean, scaled as the denoiser
      sees it.

      Example:  fewstep encode models/sdxl --input pixels.h5 --output latents.h5
      """)

  @OptionGroup var model: ModelArguments
  @OptionGroup var files: TensorArguments

  func run() throws {
    try AtomicFile.checkWritable(files.output)
    let pipeline = try model.open()
    let pixels = try files.read(pipeline.encoderInput, on: model.device)
    try write(["latents": noGrad { try pipeline.encode(pixels) }], to: files.output)
  }
}

struct Decode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Decode latents with a model's autoencoder.",
    discussion: """
      The input holds `latents`, [B, C, h, w], scaled as the denoiser sees them; the output `pixels`, [B, 3, H, W] in
      -1...1, not clamped.

      Example:  fewstep decode models/sdxl --input latents.h5 --output pixels.h5
      """)

  @OptionGroup var model: ModelArguments
  @OptionGroup var files: TensorArguments
  @Option(help: "Pixels a side that are decoded at once, to save memory; whole pictures by default.") var tile: Int?

  func run() throws {
    try AtomicFile.checkWritable(files.output)
    let pipeline = try model.open()
    let latents = try files.read(pipeline.decoderInput, on: model.device)
    try write(["pixels": noGrad { try pipeline.decode(latents, tile: tile) }], to: files.output)
  }
}

struct Embed: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Embed texts with a model's text encoders.",
    discussion: """
      The output holds what the denoiser is told, for SDXL `text` [N, 77, 2048] and `pooled` [N, 1280], and the texts.

      Example:  fewstep embed models/sdxl "a red fox" "a blue whale" --output y.h5
      """)

  @OptionGroup var model: ModelArguments
  @Argument(help: "The texts.") var texts: [String] = []
  @Option(help: "Texts in a file, one a line, or JSON lines with prompt, caption or text.") var file: String?
  @Option(help: "Where the result goes (HDF5).") var output: String

  func validate() throws {
    guard texts.isEmpty != (file == nil) else { throw ValidationError("give texts, or --file, and not both") }
  }

  func run() throws {
    try AtomicFile.checkWritable(output)
    let texts = try file.map(PromptFile.read) ?? texts
    let (tensors, cutOff) = try noGrad { try model.open().embed(texts) }
    for (text, count) in zip(texts, cutOff) where count > 0 { note(wordsOfCut(text, tokens: count)) }
    try write(tensors, texts: ["texts": texts], to: output)
  }
}

/// How it is told that a text was cut.
func wordsOfCut(_ text: String, tokens: Int) -> String {
  let what = tokens == 1 ? "1 token at the end is" : "\(tokens) tokens at the end are"
  return "\(what) more than the encoders read, and left out: \(text.prefix(60))…"
}
