import Evaluation
import Fewstep
import Files
import Tensors

/// The real side of a benchmark: images, and existing files of their features.
public struct RealImages {
  private let sources: [String]
  private let images: [ImageSource.Image]
  private let kept: [ImageFeatures]

  /// - Parameter sources: folders of images, tars, and files that `ImageFeatures.write` made (.h5).
  /// - Throws: `Failure` if a source does not exist, or holds no images or other features.
  public init(_ sources: [String]) throws {
    self.sources = sources
    kept = try sources.filter(Self.isFile).map { try ImageFeatures(reading: $0) }
    images = try ImageSource.images(in: sources.filter { !Self.isFile($0) })
  }

  /// The images' features by a network: from a file with the same network and preprocessing, or computed from all
  /// images.
  ///
  /// - Throws: `Failure` if there are neither.
  func features(
    _ network: any ImageNetwork, _ fit: ImageFit, batch: Int, progress: (_ done: Int, _ count: Int) throws -> Void
  ) throws -> ImageFeatures {
    let wanted = ImageFeatures.fingerprint(network, fit)
    if let found = kept.first(where: { $0.fingerprint == wanted }) { return found }
    guard !images.isEmpty else {
      let differences = zip(sources, kept).map { path, features in
        "\(path): \(features.fingerprint.differences(from: wanted).joined(separator: ", "))"
      }
      throw Failure(
        .malformed, at: "real images", "no features fit this network: \(differences.joined(separator: "; "))",
        advice: "Compute features with `fewstep features`, or name a folder of images.")
    }
    return try ImageFeatures(of: images, network, fit, batch: batch) { try progress($0, images.count) }
  }

  private static func isFile(_ path: String) -> Bool { path.hasSuffix(".h5") || path.hasSuffix(".hdf5") }
}
