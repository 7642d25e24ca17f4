import Fewstep
import Media
import Tensors

/// A benchmark: the samples that it needs from a model, and their layout for its official scorer.
public protocol Benchmark {
  /// The name in the command: "hpsv2".
  var name: String { get }
  /// All files of the layout, in the order in which they are made.
  var items: [BenchmarkItem] { get }
  /// SHA-256 of the prompts, in the order of their items.
  var prompts: String { get }
  /// Whether samples are videos; images otherwise.
  var judgesVideos: Bool { get }

  /// The benchmark for samples of a model that makes this medium; nil if it judges another one.
  func accepting(_ medium: Medium) throws -> (any Benchmark)?

  /// Writes files that do not depend on samples, such as metadata, below the layout's root. May be called again.
  func prepare(_ root: String) throws

  /// Writes an item.
  ///
  /// - Parameters:
  ///   - pixels: float [item.samples.count, 3, H, W] in 0...1; [..., 3, F, H, W] of videos.
  ///   - path: the output path, which appears complete or not at all.
  func write(_ pixels: Tensor, of item: BenchmarkItem, to path: String) throws

  /// uint8 [3, H, W]: a written item as an image to look at.
  func image(_ path: String) throws -> Tensor
}

extension Benchmark {
  public var judgesVideos: Bool { false }
  public func accepting(_ medium: Medium) throws -> (any Benchmark)? { medium == .images ? self : nil }
  public func prepare(_ root: String) throws {}
  public func image(_ path: String) throws -> Tensor { try RGBImage.read(path).tensor() }
}

/// A file of a benchmark's layout.
public struct BenchmarkItem: Equatable, Sendable {
  /// The path relative to the layout's root: "anime/00000.jpg".
  public var path: String
  /// The prompt for the model.
  public var prompt: String
  /// The samples in the file, numbered over the whole benchmark: each sample's noise is a function of the seed and its
  /// number.
  public var samples: Range<Int>

  /// An item of the layout.
  public init(path: String, prompt: String, samples: Range<Int>) {
    (self.path, self.prompt, self.samples) = (path, prompt, samples)
  }
}
