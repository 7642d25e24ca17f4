import ArgumentParser
import Benchmarks
import Evaluation
import Fewstep
import Files
import Processes
import Tensors

struct Features: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What a network sees in pictures: features for FID, KID and CMMD, kept in a file.",
    discussion: """
      Example:  fewstep features coco10k/subset --inception inception-2015-12-05.pt --resize 512 --output real.h5
                fewstep measure real.h5 pictures/ --inception inception-2015-12-05.pt --resize 512

      The file holds the features [N, D], the pictures' names, and what the features depend on: `measure` compares them
      with such of the same network and the same preparation alone.
      """)

  @Argument(help: "Folders of pictures (PNG, JPEG, WebP), and tars.") var sources: [String]
  @OptionGroup var arguments: FeatureArguments
  @Option(help: "Where the features go (HDF5).") var output: String

  func validate() throws {
    if !arguments.hasNetwork { throw ValidationError("say with --inception or --clip which network looks at pictures") }
  }

  func run() throws {
    try AtomicFile.checkWritable(output)
    let features = try arguments.features(of: sources, network: arguments.network())
    try features.write(to: output)
    note("\(output): features \(features.values.shape): \(features.fingerprint)")
  }
}

/// Which network looks at pictures, and what it is shown of them.
struct FeatureArguments: ParsableArguments {
  @Option(help: "For FID and KID as clean-fid has them: NVIDIA's inception-2015-12-05.pt, a TorchScript program.")
  var inception: String?
  @Option(help: "For CMMD: the folder of a CLIP model, the authors' being clip-vit-large-patch14-336.") var clip:
    String?
  @Option(help: "First bring the middle square of each picture to so many pixels a side (Lanczos), as DMD2 does.")
  var resize: Int?
  @Flag(help: "Show Inception the middle 299 x 299 pixels alone: patch-FID.") var patch = false
  @Option(help: "cpu, cuda or cuda:N.") var device = Device.cpu
  @Option(help: "What the CLIP model computes in.") var precision = Precision.float32
  @Option(help: "Pictures that are looked at together.") var batch = 32

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

  /// The one that was asked for.
  func network() throws -> any ImageNetwork {
    if let absence = device.absence { throw CommandError(ExitCodes.invalid, "--device: \(absence)") }
    if let inception { return try Inception(inception, on: device) }
    guard let clip else { throw CommandError(ExitCodes.usage, "pictures need --inception or --clip") }
    try precision.check(on: device, "--precision")
    return try CLIPEmbedding(clip, precision: precision.dtype, on: device)
  }

  /// Looks at all pictures of folders and tars; shows how far it is, and ends at Ctrl-C.
  func features(of sources: [String], network: any ImageNetwork) throws -> ImageFeatures {
    let pictures = try ImageSource.images(in: sources)
    Signals.listen()
    let progress = Progress(total: pictures.count)
    defer { progress.stop() }
    return try ImageFeatures(of: pictures, network, fit, batch: batch) { done in
      progress.update(done, "pictures of \(sources[0])")
      try stopIfAsked("stopped; nothing was written")
    }
  }
}
