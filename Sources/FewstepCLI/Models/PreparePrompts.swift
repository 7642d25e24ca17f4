import ArgumentParser
import Fewstep

struct PreparePrompts: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prompts", abstract: "Embed prompts: a text file, one a line, or JSON lines.",
    discussion: "Example:  fewstep prepare prompts prompts.jsonl --model models/sdxl --into prepared/prompts")

  @Argument(help: "A file of prompts: one a line, or .jsonl with prompt, caption or text.") var file: String
  @OptionGroup var arguments: PreparationArguments

  func run() throws {
    let prompts = try PromptFile.read(file)
    try arguments.run(arguments.cache(arguments.opened()), prompts.count, "prompt") {
      try $0.prompts(prompts, from: absolute(file), progress: $1)
    }
  }
}
