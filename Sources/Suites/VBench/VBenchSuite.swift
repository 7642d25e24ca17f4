import Foundation
import Storage
import Tensors

/// VBench's videos: one folder of `<prompt>-<i>.mp4`, i from 0, which its standard mode looks for by name.
public struct VBenchSuite: BenchmarkSuite {
  /// Videos of a prompt that are judged.
  public static let videosAPrompt = 5

  public let name = "vbench"
  public let items: [SuiteItem]
  public let prompts: String
  private let rate: Double
  private let ffmpeg: FFmpeg

  /// - Parameters:
  ///   - dimensions: only their prompts.
  ///   - flickering: videos of each of temporal_flickering's prompts; VBench takes 25, of which its filter keeps 5 still ones.
  ///   - rate: frames a second of the files.
  /// - Throws: `StorageError` where ffmpeg is not installed.
  public init(
    _ prompts: VBenchPrompts, dimensions: Set<VBenchDimension> = Set(VBenchDimension.allCases),
    flickering: Int = Self.videosAPrompt, framesPerSecond rate: Double
  ) throws {
    ffmpeg = try FFmpeg()
    self.rate = rate
    var items = [SuiteItem]()
    var known = Set<String>()
    for prompt in prompts.all where !dimensions.isDisjoint(with: prompt.dimensions) {
      // What stands twice in the list has its videos once.
      guard known.insert(prompt.text).inserted else { continue }
      for number in 0..<(prompt.dimensions.contains(.temporalFlickering) ? flickering : Self.videosAPrompt) {
        items.append(
          SuiteItem(
            path: prompt.fileName(number), prompt: prompts.words(of: prompt), samples: items.count..<items.count + 1))
      }
    }
    self.items = items
    let words = Array(items.map { "\($0.path)\t\($0.prompt)" }.joined(separator: "\n").utf8)
    self.prompts = words.withUnsafeBytes { SHA256.hash($0) }
  }

  /// - Parameter pixels: float [1, 3, F, H, W] in 0...1.
  /// - Throws: `SuiteError` for the pixels of pictures, `StorageError` where ffmpeg cannot write the file.
  public func write(_ pixels: Tensor, of item: SuiteItem, to path: String) throws {
    guard pixels.rank == 5, pixels.shape[0] == 1, pixels.shape[1] == 3 else {
      throw SuiteError(
        "VBench judges videos, [1, 3, frames, height, width]; the model made \(pixels.summary)"
          + (pixels.rank == 4 ? ", which are pictures" : ""))
    }
    let frames = try (pixels[0].to(.float32).to(.cpu).nanToNumber().clamped(0, 1) * 255).rounded().to(.uint8)
    try ffmpeg.write(frames.transposed(0, 1), framesPerSecond: rate, to: path)
  }
}
