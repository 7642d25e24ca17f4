import Fewstep
import Files
import Media
import Tensors

/// Features of a set of pictures, and what they depend on: two sets are compared only where that is the same.
public struct ImageFeatures {
  /// float32 [N, D] on the CPU.
  public let values: Tensor
  /// Where each picture is.
  public let names: [String]
  /// `ImageNetwork.identity`.
  public let network: String
  /// `ImageFit.description`.
  public let fit: String
  /// A hash of the files' bytes in their order, whatever they are called.
  public let pictures: String

  /// Looks at pictures, so many at once.
  ///
  /// - Parameter progress: called with the number of pictures that are done; what it throws ends the work.
  /// - Throws: `Failure` naming the picture that is damaged.
  public init(
    of pictures: [ImageSource.Picture], _ network: any ImageNetwork, _ fit: ImageFit, batch: Int = 32,
    progress: (Int) throws -> Void = { _ in }
  ) throws {
    var features = [Tensor]()
    var hashes = [String]()
    for start in stride(from: 0, to: pictures.count, by: batch) {
      let end = min(start + batch, pictures.count)
      let prepared = try inParallel(Array(pictures[start..<end])) { picture in
        let data = try picture.bytes()
        let image = try data.withUnsafeBytes { try RGBImage(decoding: $0, from: picture.name) }
        return (tensor: try network.prepared(fit(image.tensor())), hash: hash(data))
      }
      features.append(try network.features(stacked(prepared.map(\.tensor)).to(network.device)))
      hashes += prepared.map(\.hash)
      try progress(end)
    }
    values = try concatenated(features)
    names = pictures.map(\.name)
    (self.network, self.fit) = (network.identity, fit.description)
    self.pictures = hash(hashes.joined())
  }

  /// What differs from other features, in words; nil where distances between the two mean something.
  public func difference(from other: ImageFeatures) -> String? {
    if network != other.network { return "features of different networks: \(network), and \(other.network)" }
    if fit != other.fit { return "pictures were brought to size in different ways: \(fit), and \(other.fit)" }
    return nil
  }
}

extension ImageFeatures {
  private static let attributes = ["network", "fit", "pictures"]

  /// Whether an HDF5 file holds what `write` makes, and not some features alone.
  public static func isHeld(by file: HDF5File) throws -> Bool {
    Set(attributes).isSubset(of: try file.attributeNames())
  }

  /// Datasets "features" and "names"; what they depend on as attributes.
  public func write(to path: String) throws {
    try HDF5File.write(to: path) { file in
      try file.write(values, to: "features")
      try file.write(names, to: "names")
      for (name, text) in zip(Self.attributes, [network, fit, pictures]) {
        try file.setAttribute(name, .string(text))
      }
    }
  }

  /// Reads what `write` stored.
  ///
  /// - Throws: `Failure` where something is missing.
  public init(reading path: String) throws {
    let file = try HDF5File.open(path)
    values = try file.read("features").to(.float32)
    names = try file.texts("names")
    guard values.rank == 2, values.shape[0] == names.count else {
      throw Failure(
        .malformed, at: "\(path): features", expected: "[\(names.count), D], a row for each name",
        got: "\(values.shape)")
    }
    (network, fit, pictures) = (try file.string("network"), try file.string("fit"), try file.string("pictures"))
  }
}
