import ArgumentParser
import Evaluation
import Foundation
import Storage
import Tensors

struct Measure: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare generated features with real ones: Fréchet and kernel distance, precision, recall and others.",
    discussion: """
      Example:  fewstep measure real.h5 generated.safetensors
                fewstep measure samples.h5 samples.h5 --real real --generated student --cmmd --json

      Each file holds features [N, D], of any network: Inception's for FID and KID, CLIP's for CMMD. Intervals are 95%, by
      a bootstrap. `bias` is what the number of samples alone adds to the value.
      """)

  @Argument(help: "Real features: an .h5 file, or weights in any form.") var realFile: String
  @Argument(help: "Generated features.") var generatedFile: String
  @Option(help: "The real features' name; not needed where the file holds one tensor.") var real: String?
  @Option(help: "The generated features' name.") var generated: String?
  @Flag(help: "CMMD, too; for CLIP embeddings of unit length.") var cmmd = false
  @Flag(help: "Print JSON.") var json = false

  private struct Result: Encodable {
    let realSamples: Int
    let generatedSamples: Int
    let features: Int
    let scores: FeatureMeasures.Scores
    let cmmd: Estimate?
  }

  func run() throws {
    let (real, generated) = (try Self.features(realFile, real), try Self.features(generatedFile, generated))
    let scores = try FeatureMeasures(real: real)(generated)
    let result = Result(
      realSamples: real.shape[0], generatedSamples: generated.shape[0], features: real.shape[1], scores: scores,
      cmmd: cmmd ? try CMMD(to: real)(generated, Resamples(of: generated.shape[0])) : nil)
    if json { return print(String(decoding: try JSONEncoder.pretty.encode(result), as: UTF8.self)) }
    let rows = scores.named.map { ($0.rawValue, $1) } + (result.cmmd.map { [("CMMD", $0)] } ?? [])
    // Each number with its own digits: a column holds measures of different sizes.
    let cell = { (number: Double?) -> TableCell in number.map { .text(brief($0)) } ?? .missing }
    print(
      try Table(
        columns: ["measure", "value", "95% from", "to", "bias"],
        rows: rows.map { name, estimate in
          [
            .text(name), cell(estimate.value), cell(estimate.interval?.lowerBound),
            cell(estimate.interval?.upperBound), cell(estimate.bias),
          ]
        }
      ).text)
    print("\(result.realSamples) real and \(result.generatedSamples) generated samples of \(result.features) features")
    for words in Warnings.lines(rows.map { ($0.0, $0.1.warning) }) { print("warning: \(words)") }
  }

  /// The tensor called `name`, or the only one, as features [N, D].
  private static func features(_ path: String, _ name: String?) throws -> Tensor {
    let file = try TensorFile(path)
    let choices = file.names.joined(separator: ", ")
    guard let name = name ?? (file.names.count == 1 ? file.names.first : nil) else {
      throw CommandError(
        ExitCodes.usage,
        "\(path): holds \(choices.isEmpty ? "no tensors" : choices); say which with --real or --generated")
    }
    guard file.names.contains(name) else {
      throw CommandError(ExitCodes.invalid, "\(path): there is no tensor '\(name)'; there are: \(choices)")
    }
    let tensor = try file.tensor(name)
    guard tensor.rank == 2 else {
      throw CommandError(ExitCodes.invalid, "\(path): \(name): expected features [N, D], got \(tensor.shape)")
    }
    return tensor
  }
}
