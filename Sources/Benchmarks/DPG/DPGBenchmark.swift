import Files
import Foundation
import Media
import Tensors

/// DPG-Bench (Hu et al., arXiv 2403.05135): four images for each of 1,065 long prompts, with questions about them.
///
/// The prompts are the files `dpg_bench/prompts/<name>.txt`. The layout is a flat folder with `<name>.png` for each,
/// with the four images in two rows without gaps.
public struct DPGBenchmark: Benchmark {
  /// The number of images per prompt.
  public static let tiles = 4
  static let columns = 2

  public let name = "dpg"
  public let items: [BenchmarkItem]
  public let prompts: String

  /// - Parameters:
  ///   - folder: the folder of the prompts.
  ///   - limit: the number of first prompts to use, by name; a sample's noise does not depend on it.
  /// - Throws: `Failure` naming a prompt that is empty, or whose name the scorer could not parse.
  public init(_ folder: String, limit: Int? = nil) throws {
    if access(folder, R_OK) != 0 { throw Failure.system(errno, "cannot read the folder", path: folder) }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".txt") && !$0.hasPrefix(".") }.map { String($0.dropLast(4)) }.sorted()
    guard !names.isEmpty else {
      throw Failure(.malformed, at: folder, "there are no prompts", expected: "files NAME.txt")
    }
    let prompts = try names.map { name in
      let path = "\(folder)/\(name).txt"
      guard !name.contains(".") else {
        throw Failure(
          .malformed, at: path, "the scorer reads an image's name only up to the first dot",
          expected: "a name without one",
          got: name)
      }
      let text = try TextFile(path).text.trimmingCharacters(in: .whitespacesAndNewlines)
      guard !text.isEmpty else { throw Failure(.malformed, at: path, "the prompt is empty") }
      return text
    }
    items = zip(names, prompts).prefix(limit ?? names.count).enumerated().map { index, prompt in
      BenchmarkItem(
        path: "\(prompt.0).png", prompt: prompt.1, samples: index * Self.tiles..<(index + 1) * Self.tiles)
    }
    self.prompts = SHA256.hash(names + prompts)
  }

  /// "partiprompts7" from "somewhere/partiprompts7.png".
  static func itemName(_ path: some StringProtocol) -> String {
    String(path.split(separator: "/").last.map { $0.split(separator: ".", omittingEmptySubsequences: false)[0] } ?? "")
  }

  public func write(_ pixels: Tensor, of item: BenchmarkItem, to path: String) throws {
    try ImageFile.write(ImageFile.joined(ImageFile.bytes(pixels), columns: Self.columns), to: path)
  }

  /// - Parameter progress: called with the number of grids that have been read.
  /// - Throws: `Failure` that counts and names missing grids, or names a damaged one.
  public func check(below root: String, progress: (Int) throws -> Void = { _ in }) throws {
    try checkPresence(below: root)
    for (number, item) in items.enumerated() {
      _ = try RGBImage.read("\(root)/\(item.path)")
      try progress(number + 1)
    }
  }

  /// The side in pixels of the images in the grids. All must have the size of the first one.
  ///
  /// - Throws: `Failure` if the grid cannot be divided into 2 x 2 squares.
  public func tileSide(below root: String) throws -> Int {
    let path = "\(root)/\(items[0].path)"
    let grid = try RGBImage.read(path)
    guard grid.width == grid.height, grid.width.isMultiple(of: Self.columns) else {
      throw Failure(
        .malformed, at: path, expected: "a square of two by two images", got: "\(grid.width) by \(grid.height) pixels")
    }
    return grid.width / Self.columns
  }

  /// The first of the four images.
  public func image(_ path: String) throws -> Tensor {
    let grid = try RGBImage.read(path).tensor()
    return try grid.sliced(1, to: grid.shape[1] / Self.columns).sliced(2, to: grid.shape[2] / Self.columns).contiguous()
  }
}
