import Files
import Tensors

extension LatentCache {
  /// Pictures -> datasets "latents", "captions", "names", the embeddings of captions, and what the denoiser is told of a
  /// picture.
  ///
  /// - Parameters:
  ///   - size: height and width that pictures are brought to, see `ImageSource.Picture.framed`.
  ///   - origin: where they are from, such as a folder: shards from elsewhere are not replaced.
  ///   - skippingBad: leaves out what is no picture or a damaged one. Its shard has so many rows less, and the others stay as
  ///     they are.
  /// - Throws: `Failure` naming the picture that cannot be read; finished shards stay.
  public func pictures(
    _ pictures: [ImageSource.Picture], size: [Int], from origin: String = "", skippingBad: Bool = false,
    progress: @escaping (Int) throws -> Void = { _ in }
  ) throws -> Summary {
    let fingerprint = try pipeline.promptFingerprint().merging(pipeline.imageFingerprint())
      .merging(["dtype": dtype.name, "size": "\(size[0])x\(size[1])"])
    let writer = try ShardWriter(folder, kind: "latents", fingerprint, origin: origin)
    var summary = Summary()
    try shards(pictures, writer, digest: sourceDigest, &summary, progress) { part, done in
      try rows(of: part, size, skippingBad, done)
    }
    return summary
  }

  /// By name, caption and bytes.
  private func sourceDigest(_ pictures: [ImageSource.Picture]) throws -> String {
    SHA256.hash(try pictures.flatMap { [$0.name, $0.caption, try hash($0.bytes())] })
  }

  private func rows(
    of pictures: [ImageSource.Picture], _ size: [Int], _ skippingBad: Bool, _ done: (Int) throws -> Void
  ) throws -> Rows {
    var good = [ImageSource.Picture]()
    var skipped = [String]()
    var latents = [Tensor]()
    var described = [String: [[Float]]]()
    for start in stride(from: 0, to: pictures.count, by: batch) {
      let end = min(start + batch, pictures.count)
      var pixels = [Tensor]()
      var names = [String]()
      for picture in pictures[start..<end] {
        do {
          let framed = try picture.framed(height: size[0], width: size[1])
          pixels.append(framed.pixels)
          names.append(picture.name)
          good.append(picture)
          for (name, values) in pipeline.describe(framed.frame) { described[name, default: []].append(values) }
        } catch var error as Failure where error.kind == .malformed {
          guard skippingBad else {
            error.advice = "Mend or remove it, or leave out such pictures with --skip-bad. What is prepared stays."
            throw error
          }
          skipped.append(picture.name)
          report(.skipped(error))
        }
      }
      if !pixels.isEmpty {
        latents.append(try stored(noGrad { try pipeline.encode(stacked(pixels)) }, of: names))
      }
      try done(end)
    }
    guard !good.isEmpty else { return Rows(count: 0, tensors: [:], texts: [:], skipped: skipped, cutOff: 0) }
    let captions = good.map(\.caption)
    var (tensors, cutOff) = try embedded(captions) { _ in }
    tensors["latents"] = try concatenated(latents)
    for (name, rows) in described {
      tensors[name] = try Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count])
    }
    return Rows(
      count: good.count, tensors: tensors, texts: ["captions": captions, "names": good.map(\.name)], skipped: skipped,
      cutOff: cutOff)
  }
}
