import ArgumentParser
import Benchmarks
import Evaluation
import Fewstep
import Files
import Processes
import Tensors

/// The network for image features, and the images' preprocessing.
struct FeatureArguments: ParsableArguments {
  @Option(help: "For FID and KID as in clean-fid: NVIDIA's inception-2015-12-05.pt, a TorchScript program.")
  var inception: String?
  @Option(help: "For CMMD: the folder of a CLIP model; the authors use clip-vit-large-patch14-336.") var clip: String?
  @Option(
    help: "First crop each image to its middle square and resize it to this many pixels a side (Lanczos), as DMD2 does."
  )
  var resize: Int?
  @Flag(help: "Give Inception only the middle 299 x 299 pixels: patch-FID.") var patch = false
  @Option(help: "cpu, cuda or cuda:N.") var device = Device.cpu
  @Option(help: "The CLIP model's dtype.") var precision = Precision.float32
  @Option(help: "How many images are processed at once.") var batch = 32

  var hasNetwork: Bool { inception != nil || clip != nil }
  var fit: ImageFit { patch ? .patch(Inception.side) : resize.map(ImageFit.square) ?? .whole }

  func validate() throws {
    try require("--resize", resize, in: 8...16384)
    try require("--batch", batch, in: 1...10_000)
    if inception != nil, clip != nil { throw ValidationError("--inception and --clip: one network at a time") }
    if patch, resize != nil { throw ValidationError("--patch and --resize: a patch is not resized") }
    if patch, inception == nil { throw ValidationError("--patch goes with --inception") }
    if resize != nil, !hasNetwork { throw ValidationError("--resize goes with --inception or --clip") }
  }

  /// The requested network.
  func network() throws -> any ImageNetwork {
    try device.requirePresence("--device")
    if let inception { return try Inception(inception, on: device) }
    guard let clip else {
      throw Failure(.usage, at: "measure", "images need a network: give --inception FILE or --clip FOLDER")
    }
    try precision.check(on: device, at: "--precision")
    return try CLIPEmbedding(clip, precision: precision.dtype, on: device)
  }

  /// The features of all images in folders and tars. Ctrl-C stops the work.
  func features(of sources: [String], network: any ImageNetwork) throws -> ImageFeatures {
    let images = try ImageSource.images(in: sources)
    Signals.listen()
    let progress = Progress(total: images.count)
    defer { progress.stop() }
    return try ImageFeatures(of: images, network, fit, batch: batch) { done in
      progress.update(done, "images of \(sources[0])")
      try Signals.check("stopped; nothing was written")
    }
  }
}
