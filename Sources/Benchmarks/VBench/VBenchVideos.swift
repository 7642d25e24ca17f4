import Foundation
import Tensors

/// The videos of a folder under the names that VBench expects.
public struct VBenchVideos: Sendable {
  /// A video that exists.
  public struct Video: Equatable, Sendable {
    /// The path of its file.
    public var path: String
    /// The prompt that it was generated for.
    public var prompt: VBenchPrompt
  }

  /// The videos in the order of the prompts.
  public let found: [Video]
  /// The names of missing videos.
  public let missing: [String]

  /// The five videos of each of a dimension's prompts. Like VBench, this ignores videos with other numbers.
  ///
  /// - Throws: `Failure` if there is no such folder.
  public init(_ folder: String, of dimension: VBenchDimension, _ prompts: VBenchPrompts) throws {
    guard let files = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw Failure(.missing, at: folder, "there is no such folder")
    }
    let names = Set(files)
    var (found, missing) = ([Video](), [String]())
    for prompt in prompts.prompts(of: dimension) {
      for name in (0..<VBenchBenchmark.videosAPrompt).map(prompt.fileName) {
        if names.contains(name) {
          found.append(Video(path: "\(folder)/\(name)", prompt: prompt))
        } else {
          missing.append(name)
        }
      }
    }
    (self.found, self.missing) = (found, missing)
  }
}
