import Foundation
import Storage

/// Scores of dimensions as VBench's package writes them to `<name>_eval_results.json`:
/// `{dimension: [score, [{"video_path", "video_results", ...}]]}`.
public struct VBenchResults: Equatable, Sendable {
  public struct Dimension: Equatable, Sendable {
    public var score: Double
    /// Of each video, in the file's order; empty where the file tells none.
    public var videos: [Video]
  }

  public struct Video: Equatable, Sendable {
    public var path: String
    public var score: Double
  }

  public var dimensions: [VBenchDimension: Dimension]

  public init(_ dimensions: [VBenchDimension: Dimension]) { self.dimensions = dimensions }

  /// - Throws: `StorageError` naming the dimension whose score is none, or which VBench does not have.
  public init(_ path: String) throws {
    guard case .object(let entries) = try JSONValue.read(path), !entries.isEmpty else {
      throw StorageError(.malformed, at: path, expected: "VBench's results: an object of dimensions", got: "other JSON")
    }
    dimensions = [:]
    for (name, value) in entries.sorted(by: { $0.key < $1.key }) {
      guard let dimension = VBenchDimension(rawValue: name) else {
        throw StorageError(.malformed, at: "\(path): \(name)", "VBench has no such dimension")
      }
      guard case .array(let parts) = value, let score = parts.first?.number else {
        throw StorageError(
          .malformed, at: "\(path): \(name)", expected: "[score, list of videos]",
          got: String(value.description.prefix(80)))
      }
      var videos = [Video]()
      if parts.count > 1, case .array(let entries) = parts[1] {
        for entry in entries {
          guard let path = entry["video_path"]?.string, let score = entry["video_results"]?.number else { continue }
          videos.append(Video(path: path, score: score))
        }
      }
      dimensions[dimension] = Dimension(score: score, videos: videos)
    }
  }

  /// Writes the same format.
  public func write(to path: String) throws {
    var entries = [String: JSONValue]()
    for (dimension, result) in dimensions {
      let videos = result.videos.map { video -> JSONValue in
        .object(["video_path": .string(video.path), "video_results": .number(video.score)])
      }
      entries[dimension.rawValue] = .array([.number(result.score), .array(videos)])
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(encoder.encode(JSONValue.object(entries)), to: path)
  }
}

extension JSONValue {
  /// Whatever Python writes for a number, true and false among them.
  fileprivate var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .boolean(let flag): flag ? 1 : 0
    default: nil
    }
  }
}
