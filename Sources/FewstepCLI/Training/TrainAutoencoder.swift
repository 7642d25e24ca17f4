import ArgumentParser
import Fewstep
import Files
import Foundation

struct TrainAutoencoder: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-autoencoder", abstract: "Train an autoencoder from scratch: images to latents and back.",
    discussion: """
      At the end, the factor that gives latents the standard deviation 1 is measured and written to the configuration, in
      the same folder as the weights.

      Example:  fewstep train-autoencoder recipes/glyphs/autoencoder.yaml
      """)

  @OptionGroup var arguments: PretrainingArguments
  @Flag(help: "Print the report as JSON.") var json = false

  func run() throws {
    let (recipe, training, test) = try arguments.train(AutoencoderTask.self)
    guard let test else { return }
    let report = try training.report(on: test)
    let (name, contents) = try training.task.model.configuration(scale: report.scale)
    let path = URL(fileURLWithPath: recipe.output).deletingLastPathComponent().appendingPathComponent(name).path
    try AtomicFile.write(contents, to: path)
    note("scale \(brief(report.scale)): \(path)")
    if json { return print(try JSONEncoder.prettyText(report)) }
    print(
      "on \(test.count) images that were not trained on: mean |x - x̂| \(brief(report.meanAbsoluteError)) of 2, "
        + "\(brief(report.psnr)) dB")
  }
}
