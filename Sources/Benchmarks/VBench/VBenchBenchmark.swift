import Fewstep
import Foundation
import Media
import Tensors

/// VBench's videos: one folder of `<prompt>-<i>.mp4`, i from 0, the names that its standard mode expects.
public struct VBenchBenchmark: Benchmark {
  /// The number of videos per prompt that are judged.
  public static let videosAPrompt = 5
  /// The maximum number of videos per prompt.
  public static let mostVideos = 25

  static let name = "vbench"
  public var name: String { Self.name }
  public let items: [BenchmarkItem]
  public let prompts: String
  public let judgesVideos = true
  /// Of the files; nil until a model says it.
  private var rate: Double?
  private let ffmpeg: FFmpeg

  /// - Parameters:
  ///   - dimensions: uses only their prompts.
  ///   - flickering: the number of videos for each of temporal_flickering's prompts, up to 25; VBench makes 25, of which
  ///     its filter keeps 5 static ones.
  ///   - rate: frames per second of the files; nil takes the model's.
  /// - Throws: `Failure` if ffmpeg is not installed.
  public init(
    _ prompts: VBenchPrompts, dimensions: Set<VBenchDimension> = Set(VBenchDimension.allCases),
    flickering: Int = Self.videosAPrompt, framesPerSecond rate: Double? = nil
  ) throws {
    ffmpeg = try FFmpeg()
    self.rate = rate
    var items = [BenchmarkItem]()
    var numbers = [String: Int]()
    for prompt in prompts.all where numbers[prompt.text] == nil { numbers[prompt.text] = numbers.count }
    var done = Set<String>()
    for prompt in prompts.all where !dimensions.isDisjoint(with: prompt.dimensions) {
      // A prompt that occurs twice in the list has its videos once.
      guard let number = numbers[prompt.text], done.insert(prompt.text).inserted else { continue }
      // A video's noise depends neither on the dimensions nor on the number of videos.
      let first = number * Self.mostVideos
      for video in 0..<(prompt.dimensions.contains(.temporalFlickering) ? flickering : Self.videosAPrompt) {
        items.append(
          BenchmarkItem(
            path: prompt.fileName(video), prompt: prompts.modelPrompt(of: prompt),
            samples: first + video..<first + video + 1))
      }
    }
    self.items = items
    self.prompts = prompts.hash
  }

  /// The files have the model's frame rate.
  public func accepting(_ medium: Medium) -> (any Benchmark)? {
    guard case .videos(let framesPerSecond) = medium else { return nil }
    var benchmark = self
    benchmark.rate = rate ?? framesPerSecond
    return benchmark
  }

  /// - Parameter pixels: float [1, 3, F, H, W] in 0...1.
  /// - Throws: `Failure` for the pixels of images, or if ffmpeg cannot write the file.
  public func write(_ pixels: Tensor, of item: BenchmarkItem, to path: String) throws {
    guard pixels.rank == 5, pixels.shape[0] == 1, pixels.shape[1] == 3 else {
      throw Failure(
        .malformed, at: path, expected: "a video [1, 3, frames, height, width]",
        got: pixels.summary + (pixels.rank == 4 ? ", which is an image" : ""))
    }
    guard let rate else { throw Failure(.software, at: path, "the video's frame rate is not known") }
    try ffmpeg.write(ImageFile.bytes(pixels[0].transposed(0, 1)), framesPerSecond: rate, to: path)
  }

  /// A video's middle frame.
  public func image(_ path: String) throws -> Tensor {
    let frames = try ffmpeg.read(path)
    return try frames[.at(frames.shape[0] / 2)].contiguous()
  }
}
