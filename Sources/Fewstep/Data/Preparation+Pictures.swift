import Storage
import Tensors

extension Preparation {
  /// Pictures -> datasets "latents", "captions", "names", the embeddings of captions, and what the denoiser is told of a
  /// picture.
  ///
  /// - Parameter size: height and width that pictures are brought to, see `PictureSource.Picture.framed`.
  /// - Throws: `StorageError` naming the picture that cannot be read; finished shards stay.
  public func pictures(
    _ pictures: [PictureSource.Picture], size: [Int], progress: @escaping (Int) throws -> Void = { _ in }
  ) throws -> Summary {
    var attributes = try pipeline.textIdentity().merging(pipeline.pictureIdentity()) { $1 }
    attributes["dtype"] = dtype.name
    attributes["size"] = "\(size[0])x\(size[1])"
    let writer = try ShardWriter(folder, kind: "latents", attributes: attributes)
    var summary = Summary()
    try shards(pictures, writer, digest: sourceDigest, &summary, progress) { part, done in
      try rows(of: part, size, done)
    }
    return summary
  }

  /// By name, caption and bytes.
  private func sourceDigest(_ pictures: [PictureSource.Picture]) throws -> String {
    digest(try pictures.flatMap { [$0.name, $0.caption, try hash($0.bytes())] })
  }

  private func rows(of pictures: [PictureSource.Picture], _ size: [Int], _ done: (Int) throws -> Void) throws -> Rows {
    let captions = pictures.map(\.caption)
    var (tensors, cutOff) = try embedded(captions) { _ in }
    var latents = [Tensor]()
    var described = [String: [[Float]]]()
    for start in stride(from: 0, to: pictures.count, by: batch) {
      let end = min(start + batch, pictures.count)
      let framed = try pictures[start..<end].map { try $0.framed(height: size[0], width: size[1]) }
      let pixels = try stacked(framed.map(\.pixels))
      latents.append(try noGrad { try pipeline.encode(pixels).to(.cpu) })
      for picture in framed {
        for (name, values) in pipeline.describe(picture.frame) { described[name, default: []].append(values) }
      }
      try done(end)
    }
    tensors["latents"] = try concatenated(latents).to(dtype)
    for (name, rows) in described {
      tensors[name] = try Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count])
    }
    return Rows(
      tensors: tensors, texts: ["captions": captions, "names": pictures.map(\.name)], shared: [:], cutOff: cutOff)
  }
}
