import ArgumentParser
import Benchmarks
import Evaluation
import Fewstep
import Files
import Processes
import Tensors

struct Features: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the features of images to a file, for FID, KID and CMMD.",
    discussion: """
      Example:  fewstep features coco10k/subset --inception inception-2015-12-05.pt --resize 512 --output real.h5
                fewstep measure real.h5 images/ --inception inception-2015-12-05.pt --resize 512

      The file holds the features [N, D], the images' names, and what the features depend on: `measure` compares them only
      with features of the same network and the same preprocessing.
      """)

  @Argument(help: "Folders of images (PNG, JPEG, WebP), and tars.") var sources: [String]
  @OptionGroup var arguments: FeatureArguments
  @Option(help: "The file to write (HDF5).") var output: String

  func validate() throws {
    if !arguments.hasNetwork { throw ValidationError("name the network with --inception or --clip") }
  }

  func run() throws {
    try AtomicFile.checkWritable(output)
    let features = try arguments.features(of: sources, network: arguments.network())
    try features.write(to: output)
    note("\(output): features \(features.values.shape): \(features.fingerprint)")
  }
}
