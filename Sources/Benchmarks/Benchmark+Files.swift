import Fewstep
import Foundation
import Media
import Tensors

extension Benchmark {
  /// - Throws: `Failure` that counts and names the items whose files are missing.
  func checkPresence(below root: String) throws {
    let missing = items.filter { !FileManager.default.fileExists(atPath: "\(root)/\($0.path)") }
    guard let first = missing.first else { return }
    throw absence(of: missing.count, items.count, first.path, below: root)
  }

  func absence(of count: Int, _ all: Int, _ first: String, below root: String) -> Failure {
    Failure(
      .missing, at: root, "\(count) of \(all) files are missing, the first is \(first)",
      expected: "the layout of \(name)",
      advice: "Make them with `fewstep benchmark \(name)` on a run or a model, or score fewer with --limit.")
  }

  /// uint8 [3, H, W] of an image to score.
  ///
  /// - Throws: `Failure` naming the image, and how to make it again.
  func sample(_ path: String) throws -> Tensor {
    do { return try RGBImage.read(path).tensor() } catch var error as Failure {
      error.advice = "Remove the file; where it was made here, the command that made it makes it again."
      throw error
    }
  }

  /// The reward of every item's image for its prompt, in the items' order.
  func scores(
    below root: String, _ reward: any ImageFileReward, batch: Int, progress: (Int) throws -> Void
  ) throws -> [Double] {
    try stride(from: 0, to: items.count, by: batch).flatMap { start in
      let part = items[start..<min(start + batch, items.count)]
      let images = try part.map { try sample("\(root)/\($0.path)") }
      let values = try reward.score(images: images, prompts: part.map(\.prompt)).doubles()
      try progress(start + part.count)
      return values
    }
  }
}
