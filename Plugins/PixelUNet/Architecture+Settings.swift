import Fewstep
import Files
import Foundation
import Tensors

extension Architecture {
  /// Reads the architecture from a recipe that trains a teacher.
  init(_ s: SettingsReader) {
    self.init(
      image: s.integers("image", default: [1, 28, 28], in: .closed(1, 4096), "Channels, height and width."),
      classes: s.integer(
        "classes", default: 10, in: .closed(1, 100_000), "Classes; one more embedding stands for none."),
      patch: s.integer("patch", default: 2, in: .closed(1, 64), "Side of the pixel blocks that become channels."),
      channels: s.integer("channels", default: 32, in: .closed(8, 4096), "Channels of the first level."),
      multipliers: s.integers(
        "multipliers", default: [1, 2], in: .closed(1, 64), "Width of each level in units of channels."),
      blocks: s.integer("blocks", default: 1, in: .closed(1, 64), "Residual blocks a level."),
      attentionLevels: s.integers(
        "attention-levels", default: [], in: .nonNegative, "Levels with self-attention, from 0."),
      heads: s.integer("heads", default: 4, in: .atLeast(1), "Attention heads."),
      groups: s.integer("groups", default: 8, in: .atLeast(1), "Groups of the group norms."))
    s.require(image.count == 3, at: "image", "expected [channels, height, width]")
    s.require(1...16 ~= multipliers.count, at: "multipliers", "expected 1 to 16 numbers, one a level")
    s.require(
      attentionLevels.allSatisfy(multipliers.indices.contains), at: "attention-levels",
      "there are \(multipliers.count) levels, counted from 0")
    s.require(
      multipliers.allSatisfy { ($0 * channels) % groups == 0 && ($0 * channels) % heads == 0 }, at: "channels",
      "channels times each multiplier must divide by groups (\(groups)) and heads (\(heads))")
    if image.count == 3, 1...16 ~= multipliers.count {
      let fold = patch << max(0, multipliers.count - 1)
      s.require(
        image[1] % fold == 0 && image[2] % fold == 0, at: "image",
        "height and width must divide by \(fold) (patch and levels)")
    }
  }

  /// The architecture as metadata of weight files.
  var metadata: [String: String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json = (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
    return ["kind": "pixel-unet", "architecture": json ?? "{}"]
  }

  init(metadata: [String: String], of path: String) throws {
    guard metadata["kind"] == "pixel-unet", let json = metadata["architecture"] else {
      throw Failure(
        .malformed, at: path, expected: "weights of a pixel-unet, with its architecture in the file's metadata",
        got: "kind '\(metadata["kind"] ?? "none")'", advice: "Train one with `fewstep train-teacher`.")
    }
    do {
      self = try JSONDecoder().decode(Architecture.self, from: Data(json.utf8))
    } catch {
      throw Failure(.malformed, at: path, "the architecture in its metadata cannot be read: \(json)")
    }
  }
}
