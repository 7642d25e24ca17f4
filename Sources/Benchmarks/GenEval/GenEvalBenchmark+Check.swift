import Files
import Foundation
import Media
import Tensors

extension GenEvalBenchmark {
  /// Checks that a folder has the layout and these prompts, so that all of it can be judged. Grids are not needed.
  ///
  /// - Parameter progress: called with the number of images read, out of four for each prompt.
  /// - Throws: `Failure` that counts and names missing files, names a folder of another prompt, or names a damaged
  ///   image.
  public func check(below root: String, progress: (Int) throws -> Void = { _ in }) throws {
    let files = indices.flatMap { [Self.metadata($0)] + images(of: $0) }
    let missing = files.filter { !FileManager.default.fileExists(atPath: "\(root)/\($0)") }
    if let first = missing.first {
      throw absence(of: missing.count, files.count, first, below: root)
    }
    for index in indices { try checkMetadata(of: index, below: root) }
    for (number, image) in indices.flatMap(images).enumerated() {
      _ = try RGBImage.read("\(root)/\(image)")
      try progress(number + 1)
    }
  }

  /// Checks that the prompt is the same, however its JSON is formatted.
  private func checkMetadata(of index: Int, below root: String) throws {
    let path = "\(root)/\(Self.metadata(index))"
    let text = try TextFile(path).text.trimmingCharacters(in: .whitespacesAndNewlines)
    let line = all[index].line
    guard try text == line || JSONLines.object(text, at: path) == JSONLines.object(line, at: "prompt \(index)") else {
      throw Failure(
        .malformed, at: path, "the folder belongs to another prompt", expected: line, got: "\(text.prefix(400))",
        advice: "Use the prompts that the images were made from (--prompts).")
    }
  }
}
