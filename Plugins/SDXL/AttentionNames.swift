import Files
import Foundation
import Tensors

/// A checkpoint whose attention layers have diffusers' current names, whatever their names in the file.
///
/// Older files use query, key, value and proj_attn, whose weights may be 1x1 convolutions.
final class AttentionNames: WeightSource {
  private let weights: any WeightSource
  /// The file's name of each tensor that is named differently today.
  private let old: [String: String]
  let names: [String]

  private static let today = [
    ".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v.", ".proj_attn.": ".to_out.0.",
  ]

  init(_ weights: any WeightSource) {
    var old = [String: String]()
    names = weights.names.map { name in
      guard let (before, after) = Self.today.first(where: { name.contains($0.key) }) else { return name }
      let renamed = name.replacingOccurrences(of: before, with: after)
      old[renamed] = name
      return renamed
    }
    self.weights = weights
    self.old = old
  }

  var path: String { weights.path }

  func contains(_ name: String) -> Bool { old[name] != nil || weights.contains(name) }

  func tensor(_ name: String) throws -> Tensor {
    guard let before = old[name] else { return try weights.tensor(name) }
    let tensor = try weights.tensor(before)
    return tensor.rank == 4 ? try tensor.reshaped(Array(tensor.shape.prefix(2))) : tensor
  }
}
