import Files
import Foundation
import Media
import Tensors

/// An image for each caption of COCO, numbered from 0: `<index:05d>.png`.
public struct COCOBenchmark: Benchmark {
  public let name = "coco"
  public let items: [BenchmarkItem]
  public let prompts: String

  /// - Parameters:
  ///   - captions: captions from `COCOCaptions.read`.
  ///   - limit: the number of first captions to use.
  public init(_ captions: [String], limit: Int? = nil) {
    items = captions.prefix(limit ?? captions.count).enumerated().map { index, caption in
      BenchmarkItem(path: String(format: "%05d.png", index), prompt: caption, samples: index..<index + 1)
    }
    prompts = SHA256.hash(captions)
  }

  public func write(_ pixels: Tensor, of item: BenchmarkItem, to path: String) throws {
    try ImageFile.write(ImageFile.bytes(pixels.squeezed(0)), to: path)
  }
}
