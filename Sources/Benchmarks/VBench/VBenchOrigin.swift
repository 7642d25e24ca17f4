import Files
import Foundation
import Tensors

extension VBenchResults {
  /// The inputs of a dimension's result. If they are the same, nothing is measured again.
  public struct Origin: Equatable, Sendable {
    /// `VBenchScores.version`
    var version: Int
    /// The program or the networks that scored it.
    public var scorer: Fingerprint
    /// A hash of the list of prompts and of the videos' names, sizes and modification times.
    var videos: String
  }
}

extension VBenchResults.Origin {
  /// - Throws: `Failure` if a video no longer exists.
  public init(_ videos: VBenchVideos, _ prompts: VBenchPrompts, by scorer: Fingerprint) throws {
    let files = try videos.found.map { video in
      var info = stat()
      guard stat(video.path, &info) == 0 else {
        throw Failure.system(errno, "cannot look at the file", path: video.path)
      }
      return
        "\(URL(fileURLWithPath: video.path).lastPathComponent) \(info.st_size) \(info.st_mtim.tv_sec) \(info.st_mtim.tv_nsec)"
    }
    (version, self.scorer) = (VBenchScores.version, scorer)
    self.videos = try SHA256.hash([SHA256.hash(of: prompts.path)] + files)
  }

  /// Parses the value; nil if it is not an origin.
  init?(_ value: JSONValue) {
    guard case .integer(let version)? = value["version"], case .object(let scorer)? = value["scorer"],
      let videos = value["videos"]?.string
    else { return nil }
    (self.version, self.scorer, self.videos) = (version, Fingerprint(scorer.compactMapValues(\.string)), videos)
  }

  var json: JSONValue {
    .object([
      "version": .integer(version), "scorer": .object(scorer.parts.mapValues(JSONValue.string)),
      "videos": .string(videos),
    ])
  }
}
