import Foundation
import Synchronization
import Tensors

/// Weights in several files, with an index that maps each tensor to its file: `{"weight_map": {name: file}}`.
///
/// A file is opened on first use of one of its tensors.
public final class ShardedWeights: WeightSource {
  public let path: String
  public let names: [String]
  /// The index's metadata, such as "total_size" in bytes.
  public let metadata: [String: String]
  private let folder: String
  /// The file of each tensor.
  private let places: [String: String]
  private let opened = Mutex<[String: any WeightSource]>([:])

  /// - Throws: `Failure`: `.missing` if the index or one of its files does not exist, `.malformed` if it is not an
  ///   index or names a file outside its own folder.
  public init(_ index: String) throws {
    path = index
    folder = (index as NSString).deletingLastPathComponent
    let json = try JSONValue.read(index)
    guard case .object(let map)? = json["weight_map"] else {
      throw Failure(
        .malformed, at: index, expected: "the index of weights in several files: an object with weight_map",
        got: "other JSON")
    }
    var files: [String: String] = [:]
    for (name, value) in map {
      guard let file = value.string else {
        throw Failure(.malformed, at: "\(index): \(name)", expected: "the name of a file", got: "\(value)")
      }
      files[name] = file
    }
    places = files
    names = files.keys.sorted()
    metadata =
      if case .object(let values)? = json["metadata"] { values.mapValues { $0.string ?? "\($0)" } } else { [:] }
    // For a faulty file, the error names its first tensor.
    var checked = Set<String>()
    for name in names {
      guard let file = files[name], checked.insert(file).inserted else { continue }
      guard !file.contains("/"), !file.contains("\0"), ![".", "..", ""].contains(file), !file.hasSuffix(".json") else {
        throw Failure(
          .malformed, at: "\(index): \(name)", expected: "the name of a file next to the index", got: "'\(file)'")
      }
      guard FileManager.default.fileExists(atPath: place(file)) else {
        throw Failure(
          .missing, at: place(file),
          "the file that \((index as NSString).lastPathComponent) names for '\(name)' is not there",
          advice: "Copy or download it: the weights lie in \(Set(files.values).count) files.")
      }
    }
  }

  public var files: [String] { [path] + Set(places.values).sorted().map(place) }
  public func contains(_ name: String) -> Bool { places[name] != nil }

  public func tensor(_ name: String) throws -> Tensor {
    guard let file = places[name] else { throw absent(name) }
    let shard = try opened.withLock { opened in
      if let shard = opened[file] { return shard }
      let shard = try Weights.open(place(file))
      opened[file] = shard
      return shard
    }
    guard shard.contains(name) else {
      throw Failure(
        .malformed, at: shard.path, "the tensor '\(name)', which \(path) says is here, is not",
        advice: "The index and its files are not from one model: copy or download all of them again.")
    }
    return try shard.tensor(name)
  }

  private func place(_ file: String) -> String { folder.isEmpty ? file : "\(folder)/\(file)" }
}
