import ArgumentParser
import Fewstep
import Files
import Foundation
import Tensors

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a run's student in the formats of other programs.",
    discussion: """
      diffusers   the whole pipeline's folder, for diffusers and programs that read its layout
      component   the denoiser's folder alone, such as unet/
      peft        a student trained with adapters: one file, with the names of diffusers and PEFT

      A model family may have more: kohya for SDXL's adapters, the names of kohya's scripts and ComfyUI; comfyui for Wan's
      adapters, and original for Wan's transformer as its authors' code loads it. One that it lacks is refused with those
      that it has.

      Example:  fewstep export runs/sdxl-amd-4step --format diffusers --into exported/sdxl-amd
                fewstep export runs/sdxl-amd-4step-lora --format kohya --output amd.safetensors
                fewstep export runs/wan-amd-4step --format original --into exported/wan-amd
      """)

  @Argument(help: "A run folder.") var folder: String
  @Option(help: "diffusers, component, or a format of adapters that the model family has.") var format = "diffusers"
  @Option(help: "The folder to write, for diffusers, component and original.") var into: String?
  @Option(help: "The file to write, for adapters.") var output: String?
  @Option(help: "The dtype that weights are stored in.") var dtype = Precision.float16
  @Option(help: "Which checkpoint, by its step; by default the best if the run keeps it, otherwise the last.") var step:
    Int?

  func validate() throws {
    guard (into == nil) != (output == nil) else {
      throw ValidationError("name either a folder, --into, or a file of adapters, --output")
    }
  }

  func run() throws {
    let run = try RunFolder(existing: folder)
    let export = try Export(
      run, recipe: Recipe.load(run.recipe, overrides: []), catalog: ProgramPlugins.catalog, step: step)
    guard export.formats.contains(format) == false || (into != nil) == export.folderFormats.contains(format) else {
      throw ValidationError(
        into == nil
          ? "--into: --format \(format) writes a folder; name it"
          : "--output: --format \(format) writes a file; name it")
    }
    let path = into ?? output ?? ""
    try export.write(format, to: path, dtype: dtype.dtype)
    note("\(path): for the times \(export.steps)")
  }
}
