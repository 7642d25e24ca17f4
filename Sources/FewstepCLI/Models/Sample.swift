import ArgumentParser
import Fewstep
import Files
import Foundation
import Media
import Processes
import Reports
import Tensors

struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw samples of a run's student, of its teacher, or of a pretrained model.",
    discussion: """
      Example:  fewstep sample runs/quickstart --count 40 --output grid.png
                fewstep sample runs/quickstart --teacher-steps 50 --tensors samples.h5
                fewstep sample runs/sdxl-amd-4step --prompt "a red fox in the snow" --count 4 --into foxes
                fewstep sample models/sdxl --prompt "a red fox in the snow" --teacher-steps 30 --guidance 5
                fewstep sample models/wan --prompt "a red fox runs" --count 1 --size 480x832x81 --into foxes
      """)

  @Argument(help: "A run folder, or a model's folder.") var folder: String
  @Option(help: "How many samples; prompts are used in turn.") var count = 40
  @Option(help: "The seed of the noise.") var seed = 1
  @Option(name: .customLong("prompt"), help: "A prompt that replaces the run's. May be repeated.")
  var prompts: [String] = []
  @OptionGroup var source: SourceArguments
  @Option(
    help: "Use the noise in an HDF5 file, dataset `noises` [steps, count, ...], to compare samplers.")
  var noises: String?
  @Option(
    help: "How many samples are generated at once; by default as many as the run trains at once, or one of a model.")
  var batch: Int?
  @Option(help: "The file for a grid of all samples (PNG).") var output = "samples.png"
  @Option(
    help:
      "A folder for each sample as its own PNG, which holds the prompt, the seed and the model's settings; of a video its film strip, with the video beside it as an mp4."
  )
  var into: String?
  @Option(help: "A file for the samples as tensors (HDF5): samples, prompts.") var tensors: String?
  func validate() throws {
    try require("--count", count, in: Limits.samples)
    try require("--seed", seed, in: Limits.seeds)
    try require("--batch", batch, in: Limits.samples)
    try source.validate(for: folder)
    if SourceArguments.isModel(folder), prompts.isEmpty {
      throw ValidationError("a model has no prompts of its own: give --prompt")
    }
  }

  func run() throws {
    for path in [output, tensors].compactMap(\.self) { try AtomicFile.checkWritable(path) }
    if let into { try FileManager.default.createDirectory(atPath: into, withIntermediateDirectories: true) }
    let source = try source.open(folder)
    // Before hours of sampling.
    try (source.backbone as? PretrainedBackbone)?.openCodec()
    if case .videos = source.backbone.medium, into != nil { _ = try FFmpeg() }
    Signals.listen()
    var generator = try source.generator(prompts, seed: seed, batch: batch)
    if let noises {
      try generator.take(
        noises: HDF5File.open(noises).read("noises"), steps: source.noiseSteps, count: count, from: "\(noises): noises")
    }
    let promptIDs = generator.promptIDs(count)
    let steps = source.stepCount
    let progress = Progress(total: count * steps)
    // A large video takes long for a step.
    generator.stepped = { if $0 > 0, $0 < count * steps { progress.update($0, "steps, \(source.name)") } }
    let samples = try interruptible(by: { try Signals.check("stopped while sampling; nothing was written") }) {
      try source.samples(generator, promptIDs: promptIDs) {
        progress.update($0 * steps, "steps, \(source.name)")
      }
    }
    for (prompt, tokens) in (source.backbone as? PretrainedBackbone)?.cutOff ?? [:] {
      note(cutOffMessage(prompt, tokens: tokens))
    }
    if let tensors {
      try HDF5File.write(to: tensors) { file in
        try file.write(samples, to: "samples")
        try file.write(Tensor(promptIDs), to: "prompts")
      }
      note("tensors: \(tensors)")
    }
    if let into { try write(samples, of: source, promptIDs, into: into) }
    if let image = try SampleGrid(source.backbone, batch: batch ?? source.batch).image(
      [(source.name, samples)], promptIDs: promptIDs)
    {
      try image.write(to: output)
      note("grid: \(output)")
    }
  }

  /// Writes each sample as its own image.
  private func write(_ samples: Tensor, of source: SampleSource, _ promptIDs: [Int], into folder: String) throws {
    let names = prompts.isEmpty ? source.backbone.prompts : prompts
    let progress = Progress(total: promptIDs.count)
    for (index, prompt) in promptIDs.enumerated() {
      guard source.backbone.medium != .points else {
        throw Failure(.usage, at: "--into", "samples of this model family are points")
      }
      let pixels = try interruptible(by: { try Signals.check("stopped while decoding") }) {
        try source.backbone.pixels(samples.rows(index..<index + 1), batch: 1)
      }
      guard let pixels else { return }
      let path = "\(folder)/" + String(format: "%05d", index)
      if case .videos(let rate) = source.backbone.medium {
        let frames = try (pixels.squeezed(0).permuted([1, 0, 2, 3]) * 255).rounded().to(.uint8)
        try FFmpeg().write(frames, framesPerSecond: rate, to: "\(path).mp4")
      }
      let still = try source.backbone.still(pixels)
      let place = [
        PNGImage.Text("prompt", names[prompt]), PNGImage.Text("seed", "\(seed)"), PNGImage.Text("sample", "\(index)"),
      ]
      let image = try PNGImage(pixels: still.squeezed(0), texts: source.settings + place)
      try image.write(to: "\(path).png")
      progress.update(index + 1, "decoded")
    }
    note("\(source.backbone.medium): \(folder)")
  }
}
