import Fewstep
import Files
import Media
import Tensors

/// Features of a set of images, with a fingerprint: two sets are compared only if their fingerprints are equal.
public struct ImageFeatures {
  /// float32 [N, D] on the CPU.
  public let values: Tensor
  /// The location of each image.
  public let names: [String]
  /// Everything besides the image that a feature depends on: the network and the fit.
  public let fingerprint: Fingerprint
  /// A hash of the files' bytes in their order, without their names.
  public let images: String

  /// Computes the features of images, several at once.
  ///
  /// - Parameter progress: called with the number of finished images; an error that it throws ends the work.
  /// - Throws: `Failure` naming the image that is damaged.
  public init(
    of images: [ImageSource.Image], _ network: any ImageNetwork, _ fit: ImageFit, batch: Int = 32,
    progress: (Int) throws -> Void = { _ in }
  ) throws {
    var features = [Tensor]()
    var hashes = [String]()
    for start in stride(from: 0, to: images.count, by: batch) {
      let end = min(start + batch, images.count)
      let prepared = try inParallel(Array(images[start..<end])) { file in
        let data = try file.bytes()
        let image = try data.withUnsafeBytes { try RGBImage(decoding: $0, from: file.name) }
        return (tensor: try network.prepared(fit(image.tensor())), hash: hash(data))
      }
      features.append(try network.features(stacked(prepared.map(\.tensor)).to(network.device)))
      hashes += prepared.map(\.hash)
      try progress(end)
    }
    values = try concatenated(features)
    names = images.map(\.name)
    fingerprint = Self.fingerprint(network, fit)
    self.images = hash(hashes.joined())
  }

  /// Distances between two sets of features are meaningful only if this is the same.
  public static func fingerprint(_ network: any ImageNetwork, _ fit: ImageFit) -> Fingerprint {
    network.fingerprint.merging(["fit": fit.description])
  }
}

extension ImageFeatures {
  /// Whether an HDF5 file was made by `write` rather than by another program.
  public static func isHeld(by file: HDF5File) throws -> Bool { try file.attributeNames().contains("images") }

  /// Writes datasets "features" and "names", with the fingerprint and the images' hash as attributes.
  public func write(to path: String) throws {
    try HDF5File.write(to: path) { file in
      try file.write(values, to: "features")
      try file.write(names, to: "names")
      try file.setFingerprint(fingerprint, as: "fingerprint")
      try file.setAttribute("images", .string(images))
    }
  }

  /// Reads features that `write` stored.
  ///
  /// - Throws: `Failure` if something is missing.
  public init(reading path: String) throws {
    let file = try HDF5File.open(path)
    values = try file.read("features").to(.float32)
    names = try file.strings("names")
    guard values.rank == 2, values.shape[0] == names.count else {
      throw Failure(
        .malformed, at: "\(path): features", expected: "[\(names.count), D], a row for each name",
        got: "\(values.shape)")
    }
    fingerprint = try file.fingerprint("fingerprint")
    images = try file.string("images")
  }
}
