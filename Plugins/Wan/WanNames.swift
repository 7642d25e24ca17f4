/// The names that tensors have in the authors' files, and in diffusers'.
enum WanNames {
  private static let transformerLayers: [(original: String, diffusers: String)] = [
    ("text_embedding.0", "condition_embedder.text_embedder.linear_1"),
    ("text_embedding.2", "condition_embedder.text_embedder.linear_2"),
    ("time_embedding.0", "condition_embedder.time_embedder.linear_1"),
    ("time_embedding.2", "condition_embedder.time_embedder.linear_2"),
    ("time_projection.1", "condition_embedder.time_proj"),
    ("head.head", "proj_out"),
  ]
  private static let attentionLayers = [
    "q": "to_q", "k": "to_k", "v": "to_v", "o": "to_out.0", "norm_q": "norm_q", "norm_k": "norm_k",
  ]
  private static let blockLayers: [String: String] = {
    var layers = ["norm3": "norm2", "ffn.0": "ffn.net.0.proj", "ffn.2": "ffn.net.2"]
    for (attention, other) in [("self_attn", "attn1"), ("cross_attn", "attn2")] {
      for (layer, name) in attentionLayers { layers["\(attention).\(layer)"] = "\(other).\(name)" }
    }
    return layers
  }()
  private static let originalBlockLayers = Dictionary(uniqueKeysWithValues: blockLayers.map { ($1, $0) })

  /// diffusers' name of a transformer's tensor in the authors' files; names that are not known stay.
  static func diffusers(transformer name: String) -> String {
    switch name {
    case "head.modulation": return "scale_shift_table"
    case _ where name.hasPrefix("blocks.") && name.hasSuffix(".modulation"):
      return name.dropLast("modulation".count) + "scale_shift_table"
    default:
      return renamed(name, transformerLayers.map { ($0.original, $0.diffusers) }, blockLayers)
    }
  }

  /// The authors' name of a transformer's tensor in diffusers' files, or of a layer.
  static func original(transformer name: String) -> String {
    switch name {
    case "scale_shift_table": return "head.modulation"
    case _ where name.hasPrefix("blocks.") && name.hasSuffix(".scale_shift_table"):
      return name.dropLast("scale_shift_table".count) + "modulation"
    default:
      return renamed(name, transformerLayers.map { ($0.diffusers, $0.original) }, originalBlockLayers)
    }
  }

  /// Renames the layer that a tensor belongs to: "LAYER.weight", or "blocks.N.LAYER.weight", or the same without "weight".
  private static func renamed(
    _ name: String, _ layers: [(from: String, to: String)], _ blockLayers: [String: String]
  ) -> String {
    let parts = name.split(separator: ".").map(String.init)
    if parts.count > 2, parts[0] == "blocks" {
      for end in (3...parts.count).reversed() {
        guard let layer = blockLayers[parts[2..<end].joined(separator: ".")] else { continue }
        return ([parts[0], parts[1], layer] + parts[end...]).joined(separator: ".")
      }
      return name
    }
    for (from, to) in layers where name == from || name.hasPrefix("\(from).") { return to + name.dropFirst(from.count) }
    return name
  }

  /// diffusers' name of an autoencoder's tensor in the authors' files; names that are not known stay.
  static func diffusers(autoencoder name: String) -> String {
    var parts = name.split(separator: ".").map(String.init)
    guard parts.count > 1 else { return name }
    if parts[0] == "conv1" || parts[0] == "conv2" {
      parts[0] = parts[0] == "conv1" ? "quant_conv" : "post_quant_conv"
      return parts.joined(separator: ".")
    }
    guard parts.count > 2, ["encoder", "decoder"].contains(parts[0]) else { return name }
    let coder = parts[0]
    var rest = Array(parts[2...])
    switch parts[1] {
    case "conv1": return ([coder, "conv_in"] + rest).joined(separator: ".")
    case "head" where !rest.isEmpty:
      let layer = ["0": "norm_out", "2": "conv_out"][rest[0]] ?? rest[0]
      return ([coder, layer] + rest.dropFirst()).joined(separator: ".")
    case "middle" where !rest.isEmpty:
      let place = ["0": "mid_block.resnets.0", "1": "mid_block.attentions.0", "2": "mid_block.resnets.1"]
      let block = place[rest.removeFirst()] ?? "mid_block"
      return ([coder, block] + inResidualBlock(rest)).joined(separator: ".")
    case "downsamples" where !rest.isEmpty:
      let index = rest.removeFirst()
      return ([coder, "down_blocks", index] + inResidualBlock(rest)).joined(separator: ".")
    case "upsamples" where !rest.isEmpty:
      // Three residual blocks of a level, then its upsampler.
      let index = Int(rest.removeFirst()) ?? 0
      let place = index % 4 == 3 ? "upsamplers.0" : "resnets.\(index % 4)"
      return ([coder, "up_blocks", "\(index / 4)", place] + inResidualBlock(rest)).joined(separator: ".")
    default: return name
    }
  }

  private static func inResidualBlock(_ parts: [String]) -> [String] {
    guard !parts.isEmpty else { return [] }
    if parts[0] == "shortcut" { return ["conv_shortcut"] + parts.dropFirst() }
    guard parts[0] == "residual", parts.count > 1 else { return parts }
    let layer = ["0": "norm1", "2": "conv1", "3": "norm2", "6": "conv2"][parts[1]] ?? parts[1]
    return [layer] + parts.dropFirst(2)
  }
}
