import Files
import Foundation
import Media
import Tensors

/// DPG-Bench (Hu et al., arXiv 2403.05135): four images each of 1,065 long prompts, about which questions are asked.
///
/// The prompts are the files `dpg_bench/prompts/<name>.txt`. The layout is a flat folder with `<name>.png` for each, the four
/// images in two rows with nothing between them.
public struct DPGBenchmark: Benchmark {
  /// Images of each prompt.
  public static let tiles = 4
  static let columns = 2

  public let name = "dpg"
  public let items: [BenchmarkItem]
  public let prompts: String

  /// - Parameters:
  ///   - folder: with the prompts.
  ///   - limit: so many, the first ones by name; a sample's noise does not depend on it.
  /// - Throws: `Failure` naming a prompt that is empty, or whose name the scorer could not make out.
  public init(_ folder: String, limit: Int? = nil) throws {
    if access(folder, R_OK) != 0 { throw Failure.system(errno, "cannot read the folder", path: folder) }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".txt") && !$0.hasPrefix(".") }.map { String($0.dropLast(4)) }.sorted()
    guard !names.isEmpty else {
      throw Failure(.malformed, at: folder, "there are no prompts", expected: "files NAME.txt")
    }
    let texts = try names.map { name in
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
    items = zip(names, texts).prefix(limit ?? names.count).enumerated().map { index, prompt in
      BenchmarkItem(
        path: "\(prompt.0).png", prompt: prompt.1, samples: index * Self.tiles..<(index + 1) * Self.tiles)
    }
    prompts = SHA256.hash(names + texts)
  }

  /// "partiprompts7" of "somewhere/partiprompts7.png".
  static func itemName(_ path: some StringProtocol) -> String {
    String(path.split(separator: "/").last.map { $0.split(separator: ".", omittingEmptySubsequences: false)[0] } ?? "")
  }

  public func write(_ pixels: Tensor, of item: BenchmarkItem, to path: String) throws {
    try ImageFile.write(ImageFile.joined(ImageFile.bytes(pixels), columns: Self.columns), to: path)
  }

  /// - Parameter progress: how many grids have been read.
  /// - Throws: `Failure` that counts and names missing grids, `Failure` naming a damaged one.
  public func check(below root: String, progress: (Int) throws -> Void = { _ in }) throws {
    try checkPresence(below: root)
    for (number, item) in items.enumerated() {
      _ = try RGBImage.read("\(root)/\(item.path)")
      try progress(number + 1)
    }
  }

  /// Pixels a side of the images in the grids, which all have the first one's size.
  ///
  /// - Throws: `Failure` if the grid cannot be parted into two by two squares.
  public func tileSide(below root: String) throws -> Int {
    let path = "\(root)/\(items[0].path)"
    let grid = try RGBImage.read(path)
    guard grid.width == grid.height, grid.width.isMultiple(of: Self.columns) else {
      throw Failure(
        .malformed, at: path, expected: "a square of two by two images", got: "\(grid.width) by \(grid.height) pixels")
    }
    return grid.width / Self.columns
  }

  /// The first of the four.
  public func image(_ path: String) throws -> Tensor {
    let grid = try RGBImage.read(path).tensor()
    return try grid.sliced(1, to: grid.shape[1] / Self.columns).sliced(2, to: grid.shape[2] / Self.columns).contiguous()
  }
}
