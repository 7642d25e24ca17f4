import ArgumentParser
import Fewstep
import Files
import Tensors

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
