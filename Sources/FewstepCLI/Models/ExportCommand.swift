import ArgumentParser
import Fewstep
import Files
import Foundation
import Tensors

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a run's student in the files that other programs load.",
    discussion: """
      diffusers   the whole pipeline's folder, for diffusers and programs that read its layout
      component   the denoiser's folder alone (unet/)
      peft        a student trained with adapters: one file, with the names of diffusers and PEFT
      kohya       the same, with the names of kohya's scripts, ComfyUI and others (SDXL)

      Example:  fewstep export runs/sdxl-amd-4step --format diffusers --output exported/sdxl-amd
                fewstep export runs/sdxl-amd-4step-lora --format kohya --output amd.safetensors
      """)

  @Argument(help: "A run folder.") var folder: String
  @Option(help: "diffusers, component, or a format of adapters that the model family has.") var format = "diffusers"
  @Option(help: "The folder, or for adapters the file, that is written.") var output: String
  @Option(help: "The dtype that weights are stored in.") var dtype = Precision.float16
  @Option(help: "Which checkpoint, by its step; the last one by default.") var step: Int?

  func run() throws {
    let run = RunFolder(folder)
    guard FileManager.default.fileExists(atPath: run.recipe) else {
      throw Failure(.missing, at: folder, "not a run folder, there is no recipe.yaml in it")
    }
    let export = try Export(
      run, recipe: Recipe.load(run.recipe, overrides: []), catalog: ProgramPlugins.catalog, step: step)
    try export.write(format, to: output, dtype: dtype.dtype)
    note("\(output): made for the times \(export.steps)")
  }
}
