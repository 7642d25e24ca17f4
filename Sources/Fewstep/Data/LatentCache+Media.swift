import Files
import Tensors

extension LatentCache {
  /// Images or videos -> datasets "latents", "captions", "names", the captions' embeddings, and each item's geometry.
  ///
  /// - Parameters:
  ///   - size: the size that items are resized and cropped to.
  ///   - origin: the source of the items, such as a folder: shards from another source are not replaced.
  ///   - skippingBad: leaves out damaged items. Their shard has fewer rows, and the other shards stay as they are.
  /// - Throws: `Failure` naming the item that cannot be read; finished shards stay.
  public func media(
    _ items: [any MediaItem], size: MediaSize, from origin: String = "", skippingBad: Bool = false,
    progress: @escaping (Int) throws -> Void = { _ in }
  ) throws -> Summary {
    let fingerprint = try conditioner.fingerprint().merging(codec.fingerprint())
      .merging(["dtype": dtype.name, "size": "\(size)"])
    let writer = try ShardWriter(folder, kind: "latents", fingerprint, origin: origin)
    var summary = Summary()
    try shards(items, writer, digest: sourceDigest, &summary, progress) { part, done in
      try rows(of: part, size, skippingBad, done)
    }
    return summary
  }

  /// By name, caption and bytes.
  private func sourceDigest(_ items: [any MediaItem]) throws -> String {
    SHA256.hash(try items.flatMap { [$0.name, $0.caption, try hash($0.bytes())] })
  }

  private func rows(
    of items: [any MediaItem], _ size: MediaSize, _ skippingBad: Bool, _ done: (Int) throws -> Void
  ) throws -> Rows {
    var good = [any MediaItem]()
    var skipped = [String]()
    var latents = [Tensor]()
    var geometries = [String: [[Float]]]()
    for start in stride(from: 0, to: items.count, by: batch) {
      let end = min(start + batch, items.count)
      var pixels = [Tensor]()
      var names = [String]()
      for item in items[start..<end] {
        do {
          let framed = try item.framed(to: size)
          pixels.append(framed.pixels)
          names.append(item.name)
          good.append(item)
          for (name, values) in geometry(framed.frame) { geometries[name, default: []].append(values) }
        } catch var error as Failure where error.kind == .malformed {
          guard skippingBad else {
            error.advice = "Repair or remove it, or leave such files out with --skip-bad. Finished shards stay."
            throw error
          }
          skipped.append(item.name)
          report(.skipped(error))
        }
      }
      if !pixels.isEmpty {
        latents.append(try stored(noGrad { try codec.encode(stacked(pixels)) }, of: names))
      }
      try done(end)
    }
    guard !good.isEmpty else { return Rows(count: 0, tensors: [:], texts: [:], skipped: skipped, cutOff: 0) }
    let captions = good.map(\.caption)
    var (tensors, cutOff) = try embedded(captions) { _ in }
    tensors["latents"] = try concatenated(latents)
    for (name, rows) in geometries {
      tensors[name] = try Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count])
    }
    return Rows(
      count: good.count, tensors: tensors, texts: ["captions": captions, "names": good.map(\.name)], skipped: skipped,
      cutOff: cutOff)
  }
}
