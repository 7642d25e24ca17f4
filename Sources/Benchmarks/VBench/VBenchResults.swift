import Files
import Foundation
import Tensors

/// Scores of dimensions as VBench's package writes them to `<name>_eval_results.json`:
/// `{dimension: [score, [{"video_path", "video_results", ...}]]}`.
public struct VBenchResults: Equatable, Sendable {
  /// A dimension's result.
  public struct Dimension: Equatable, Sendable {
    /// The score over all videos, not normalized.
    public var score: Double
    /// Each video's result, in the file's order; empty if the file has none.
    public var videos: [Video]
    /// The origin of results that were computed here, if known.
    public var origin: Origin?
  }

  /// A video's result.
  public struct Video: Equatable, Sendable {
    /// The video's file.
    public var path: String
    /// The score, not normalized.
    public var score: Double
  }

  /// The results by dimension.
  public var dimensions: [VBenchDimension: Dimension]

  /// Known results.
  public init(_ dimensions: [VBenchDimension: Dimension]) { self.dimensions = dimensions }

  /// - Throws: `Failure` naming a dimension that VBench does not have, whose score is missing or impossible, or whose
  ///   videos are not those of the list.
  public init(_ path: String, of prompts: VBenchPrompts) throws {
    guard case .object(let entries) = try JSONValue.read(path), !entries.isEmpty else {
      throw Failure(.malformed, at: path, expected: "VBench's results: an object of dimensions", got: "other JSON")
    }
    dimensions = [:]
    for (name, value) in entries.sorted(by: { $0.key < $1.key }) {
      guard let dimension = VBenchDimension(rawValue: name) else {
        throw Failure(.malformed, at: "\(path): \(name)", "VBench has no such dimension")
      }
      let place = "\(path): \(name)"
      guard case .array(let parts) = value, let score = parts.first?.number else {
        throw Failure(
          .malformed, at: place, expected: "[score, list of videos]", got: String(value.description.prefix(80)))
      }
      try Self.check(score, in: dimension.bounds, place)
      var videos = [Video]()
      if parts.count > 1 { videos = try Self.videos(parts[1], of: dimension, prompts, place) }
      dimensions[dimension] = Dimension(score: score, videos: videos, origin: parts.count > 2 ? Origin(parts[2]) : nil)
    }
  }

  private static func videos(
    _ value: JSONValue, of dimension: VBenchDimension, _ prompts: VBenchPrompts, _ place: String
  ) throws -> [Video] {
    guard case .array(let entries) = value else { return [] }
    var left = Set(
      prompts.prompts(of: dimension).flatMap { (0..<VBenchBenchmark.videosAPrompt).map($0.fileName) })
    return try entries.map { entry in
      guard let path = entry["video_path"]?.string, let score = entry["video_results"]?.number else {
        throw Failure(
          .malformed, at: place, expected: "videos with \"video_path\" and \"video_results\"",
          got: String(entry.description.prefix(80)))
      }
      let name = URL(fileURLWithPath: path).lastPathComponent
      guard left.remove(name) != nil else {
        throw Failure(
          .malformed, at: "\(place): \(name)",
          "the video stands there twice, or is none of the dimension's in \(prompts.path)")
      }
      try check(score, in: dimension.boundsOfVideos, "\(place): \(name)")
      return Video(path: path, score: score)
    }
  }

  private static func check(_ score: Double, in bounds: ClosedRange<Double>, _ place: String) throws {
    // Networks in float16 give cosines slightly above 1.
    let rounding = 0.01
    guard (bounds.lowerBound - rounding...bounds.upperBound + rounding).contains(score) else {
      throw Failure(
        .malformed, at: place, expected: "a score from \(bounds.lowerBound) to \(bounds.upperBound)", got: "\(score)")
    }
  }

  /// Writes the same format, with a result's origin after its list of videos.
  public func write(to path: String) throws {
    var entries = [String: JSONValue]()
    for (dimension, result) in dimensions {
      let videos = result.videos.map { video -> JSONValue in
        .object(["video_path": .string(video.path), "video_results": .number(video.score)])
      }
      entries[dimension.rawValue] = .array(
        [.number(result.score), .array(videos)] + (result.origin.map { [$0.json] } ?? []))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(encoder.encode(JSONValue.object(entries)), to: path)
  }
}

extension JSONValue {
  /// The number, in any form that Python writes, including true and false.
  fileprivate var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .boolean(let flag): flag ? 1 : 0
    default: nil
    }
  }
}
