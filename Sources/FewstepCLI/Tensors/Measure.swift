import ArgumentParser
import Benchmarks
import Evaluation
import Files
import Foundation
import Metrics
import Reports
import Tensors

struct Measure: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare generated images, or features, with real ones: FID, KID, CMMD, precision, recall and others.",
    discussion: """
      Example:  fewstep measure photos/ images/ --inception inception-2015-12-05.pt --resize 512
                fewstep measure photos/ images/ --clip models/clip-vit-large-patch14-336
                fewstep measure real.h5 generated.safetensors
                fewstep measure samples.h5 samples.h5 --real real --generated student --cmmd --json

      Folders and tars of images need a network: Inception for FID and KID, CLIP for CMMD. A file holds features [N, D] of
      any network; `fewstep features` writes those of images. Intervals are 95% bootstrap intervals. `bias` is what the
      finite number of samples adds to the value.
      """)

  @Argument(help: "Real images, or features: a folder, an .h5 file, or weights in any form.") var realFile: String
  @Argument(help: "Generated images, or features.") var generatedFile: String
  @OptionGroup var network: FeatureArguments
  @Option(help: "The real features' name; not needed if the file holds one tensor.") var real: String?
  @Option(help: "The generated features' name.") var generated: String?
  @Flag(help: "Also compute CMMD; for CLIP embeddings of unit length.") var cmmd = false
  @Flag(help: "Print JSON.") var json = false

  private struct Result: Encodable {
    let realSamples: Int
    let generatedSamples: Int
    let features: Int
    let scores: FeatureMeasures.Scores
    let cmmd: Estimate?
    /// The fingerprint of image features.
    let fingerprint: Fingerprint?
  }

  func run() throws {
    let sides = try sides()
    let (real, generated) = (sides.real.values, sides.generated.values)
    let (cmmd, images) = (cmmd || network.clip != nil, sides.real.images)
    let scores = try FeatureMeasures(real: real)(generated)
    let result = Result(
      realSamples: real.shape[0], generatedSamples: generated.shape[0], features: real.shape[1], scores: scores,
      cmmd: cmmd ? try CMMD(to: real)(generated, Resamples(of: generated.shape[0])) : nil,
      fingerprint: images?.fingerprint)
    if json { return print(try JSONEncoder.prettyText(result)) }
    let rows = scores.named.map { ($0.rawValue, $1) } + (result.cmmd.map { [("CMMD", $0)] } ?? [])
    // Each number has its own number of digits, since a column holds metrics of different magnitudes.
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
    if let images { print(images.fingerprint) }
    for line in Warnings.lines(rows.map { ($0.0, $0.1.warning) }) { print("warning: \(line)") }
  }

  /// - Throws: `Failure` if the two cannot be compared.
  private func sides() throws -> (real: FeatureSet, generated: FeatureSet) {
    let hasImages = [realFile, generatedFile].contains(where: FeatureSet.isImages)
    let opened = network.hasNetwork ? try network.network() : nil
    if hasImages, opened == nil {
      throw Failure(.usage, at: "measure", "images need a network: give --inception FILE or --clip FOLDER")
    }
    if !hasImages, opened != nil {
      throw Failure(.usage, at: "measure", "both files hold features: --inception and --clip are for images")
    }
    func side(_ path: String, _ name: String?) throws -> FeatureSet {
      guard let opened, FeatureSet.isImages(path) else { return try FeatureSet(reading: path, tensor: name) }
      return FeatureSet(try network.features(of: [path], network: opened), of: path)
    }
    let sides = (real: try side(realFile, real), generated: try side(generatedFile, generated))
    try sides.generated.checkComparable(with: sides.real)
    return sides
  }
}
