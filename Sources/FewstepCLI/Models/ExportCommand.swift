import ArgumentParser
import Fewstep
import Files
import Foundation
import Tensors

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a run's student in the files that other programs load.",
    discussion: """
      diffusers   the whole pipeline's folder, for diffusers, and what reads its layout
      component   the denoiser's folder alone (unet/)
      peft        a student trained with adapters: one file, as diffusers and PEFT name them
      kohya       the same, as kohya's scripts, ComfyUI and others name them

      Example:  fewstep export runs/sdxl-amd-4step --format diffusers --output exported/sdxl-amd
                fewstep export runs/sdxl-amd-4step-lora --format kohya --output amd.safetensors
      """)

  @Argument(help: "A run folder.") var folder: String
  @Option(help: "diffusers, component, peft or kohya.") var format = Export.Format.diffusers
  @Option(help: "Where it goes: a folder, or for adapters a file.") var output: String
  @Option(help: "What weights are stored in.") var dtype = Precision.float16
  @Option(help: "Which checkpoint, by its step; the last one by default.") var step: Int?

  func run() throws {
    let run = RunFolder(folder)
    guard FileManager.default.fileExists(atPath: run.recipe) else {
      throw Failure(.missing, at: folder, "not a run folder, there is no recipe.yaml in it")
    }
    let export = try Export(run, recipe: Recipe.load(run.recipe, overrides: []), step: step)
    try export.write(format, to: output, dtype: dtype.dtype)
    note("\(output): made for the times \(export.steps)")
  }
}

extension Export.Format: ExpressibleByArgument {}
