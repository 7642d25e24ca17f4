import Files
import Foundation
import Tensors

/// Features that are to be compared: of images, or of a file that any program wrote.
public struct FeatureSet {
  /// Where the features or their images are.
  public let path: String
  /// [N, D]
  public let values: Tensor
  /// What the features depend on; nil if it is not known.
  public let images: ImageFeatures?

  /// Features of images.
  public init(_ images: ImageFeatures, of path: String) {
    (self.path, values, self.images) = (path, images.values, images)
  }

  /// Features from a file: what `ImageFeatures.write` stored, or a tensor of HDF5 or weights in any form.
  ///
  /// - Parameter name: the tensor's; nil takes the only one.
  /// - Throws: `Failure` if there is no such tensor, or it is not [N, D].
  public init(reading path: String, tensor name: String? = nil) throws {
    self.path = path
    images = name == nil ? try Self.imageFeatures(path) : nil
    values = try images?.values ?? Self.tensor(path, name)
  }

  /// Whether a path holds images rather than features: a folder or a tar.
  public static func isImages(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return path.hasSuffix(".tar")
      || FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// - Throws: `Failure` if both are known to be features of images, by other networks or of other preprocessing.
  public func checkComparable(with other: FeatureSet) throws {
    guard let images, let others = other.images else { return }
    let differences = images.fingerprint.differences(from: others.fingerprint)
    guard differences.isEmpty else {
      throw Failure(
        .malformed, at: path,
        "its features cannot be compared with those of \(other.path): \(differences.joined(separator: "; "))")
    }
  }

  /// nil for features of another program.
  private static func imageFeatures(_ path: String) throws -> ImageFeatures? {
    guard let file = try? HDF5File.open(path), try ImageFeatures.isHeld(by: file) else { return nil }
    return try ImageFeatures(reading: path)
  }

  private static func tensor(_ path: String, _ name: String?) throws -> Tensor {
    let file = try TensorFile(path)
    let choices = file.names.joined(separator: ", ")
    guard let name = name ?? (file.names.count == 1 ? file.names.first : nil) else {
      throw Failure(
        .usage, at: path, "holds \(choices.isEmpty ? "no tensors" : choices); say which with --real or --generated")
    }
    guard file.names.contains(name) else {
      throw Failure(.malformed, at: path, "there is no tensor '\(name)'; there are: \(choices)")
    }
    let tensor = try file.tensor(name)
    guard tensor.rank == 2 else {
      throw Failure(.malformed, at: path, "\(name): expected features [N, D], got \(tensor.shape)")
    }
    return tensor
  }
}
