import ArgumentParser
import Benchmarks
import Evaluation
import Fewstep
import Tensors

struct BenchmarkCOCO: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coco",
    abstract: "COCO's captions: FID, patch-FID and CLIP score as DMD2 computes them, and CMMD.",
    discussion: """
      Captions are a text file, one a line, such as DMD2's captions_coco14_test.txt, or COCO's captions_val2014.json, of which
      each image gets its first caption. Each score is computed if its scorer is given.

      Example:  fewstep benchmark coco runs/sdxl-amd-4step --captions captions_coco14_test.txt --limit 10000 \\
                  --real coco10k/subset --inception inception-2015-12-05.pt \\
                  --clip-score models/CLIP-ViT-g-14-laion2B-s12B-b42K --clip models/clip-vit-large-patch14-336
      """)

  @OptionGroup var arguments: BenchmarkArguments
  @Option(help: "The captions.") var captions: String
  @Option(help: "Only the first N captions.") var limit: Int?
  @OptionGroup(title: "The scorers") var scorers: COCOArguments

  func validate() throws {
    try require("--limit", limit, in: 1...1_000_000)
    if !arguments.onlySamples { try scorers.validateForScoring() }
  }

  func run() throws {
    let benchmark = COCOBenchmark(try COCOCaptions.read(captions), limit: limit)
    // Opened before hours of sampling: the scorers' files may be missing or wrong.
    let opened = arguments.onlySamples ? nil : try scorers.open()
    let samples = try arguments.samples(of: benchmark)
    guard let opened else { return }
    let scores = try opened.scores(
      of: benchmark, root: samples.root, batch: arguments.batch, progress: arguments.scoring)
    try arguments.report(
      BenchmarkScores(fingerprint: scores.fingerprint, generation: samples.record, scores: scores.scores), of: samples)
  }
}

/// COCO's scorers on the command line.
struct COCOArguments: ParsableArguments {
  @Option(
    help: """
      Real images, for all but the CLIP score: a folder, a tar, or a file of `fewstep features`. May be repeated.
      """)
  var real: [String] = []
  @Option(help: "For FID and patch-FID: NVIDIA's inception-2015-12-05.pt.") var inception: String?
  @Option(help: "Resize images to this many pixels a side for FID: 512 for SDXL, 256 for Stable Diffusion 1.5.")
  var resize = 512
  @Option(help: "For CMMD: a CLIP model's folder, the authors' being clip-vit-large-patch14-336.") var clip: String?
  @Option(help: "For the CLIP score: a CLIP model's folder, DMD2's being CLIP-ViT-g-14-laion2B-s12B-b42K.")
  var clipScore: String?
  @Option(help: "The CLIP score's tokenizer, if it is not in the model's folder.") var clipTokenizer: String?
  @Option(help: "For the CLIP score: text before every caption.") var clipPrefix = "A photo depicts"
  @Option(help: "For the CLIP score: first resize images to this many pixels a side; 0 leaves them as they are.")
  var clipResize = 256
  @Option(help: "The dtype of the CLIP models.") var scorerPrecision = Precision.float32
  @Option(help: "The scorers' device: cpu, cuda or cuda:N.") var scorerDevice = Device.cpu

  func validate() throws {
    try require("--resize", resize, in: 8...16384)
    if clipResize != 0 { try require("--clip-resize", clipResize, in: 8...16384) }
  }

  func validateForScoring() throws {
    guard inception != nil || clip != nil || clipScore != nil else {
      throw ValidationError(
        "name a scorer with --inception, --clip or --clip-score, or give --only-samples")
    }
    if real.isEmpty, inception != nil || clip != nil {
      throw ValidationError("--real: FID and CMMD need real images")
    }
  }

  /// Reads the scorers' files.
  func open() throws -> COCOScorers {
    try scorerDevice.requirePresence("--scorer-device")
    try scorerPrecision.check(on: scorerDevice, at: "--scorer-precision")
    let dtype = scorerPrecision.dtype
    return COCOScorers(
      real: real.isEmpty ? nil : try RealImages(real),
      inception: try inception.map { try Inception($0, on: scorerDevice) }, resolution: resize,
      embedding: try clip.map { try CLIPEmbedding($0, precision: dtype, on: scorerDevice) },
      clipScore: try clipScore.map {
        try CLIPScore(
          $0, tokenizer: clipTokenizer, prefix: clipPrefix, fit: clipResize == 0 ? .whole : .square(clipResize),
          precision: dtype, on: scorerDevice)
      })
  }
}
