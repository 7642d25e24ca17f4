import Tensors

/// Decodes latents [..., h, w] tile by tile, so that memory does not grow with the picture, like diffusers' `tiled_decode`. Tiles
/// overlap and are blended there. A network that looks at more than a tile makes another picture than of the whole.
///
/// - Parameters:
///   - side: the side of a tile in pixels.
///   - step: the distance of tiles in pixels.
///   - factor: pixels a latent; it divides both.
///   - decode: latents to pixels [..., factor · h, factor · w].
public func decodedInTiles(
  _ latents: Tensor, side: Int, step: Int, factor: Int, _ decode: (Tensor) throws -> Tensor
) throws -> Tensor {
  let (down, across) = (latents.rank - 2, latents.rank - 1)
  guard max(latents.shape[down], latents.shape[across]) > side / factor else { return try decode(latents) }
  var above = [Tensor]()  // the tiles of the row above, blended
  var rows = [Tensor]()
  for y in stride(from: 0, to: latents.shape[down], by: step / factor) {
    let band = try latents.sliced(down, from: y, to: y + side / factor)
    var row = [Tensor]()
    for (column, x) in stride(from: 0, to: latents.shape[across], by: step / factor).enumerated() {
      var tile = try decode(band.sliced(across, from: x, to: x + side / factor))
      if y > 0 { tile = try blended(above[column], into: tile, side - step, down) }
      if let left = row.last { tile = try blended(left, into: tile, side - step, across) }
      row.append(tile)
    }
    rows.append(try concatenated(row.map { try $0.sliced(down, to: step).sliced(across, to: step) }, across))
    above = row
  }
  return try concatenated(rows, down)
}

/// `next` with its beginning blended linearly with the end of `last`, over `extent` pixels of `dim`.
private func blended(_ last: Tensor, into next: Tensor, _ extent: Int, _ dim: Int) throws -> Tensor {
  let extent = min(extent, last.shape[dim], next.shape[dim])
  let ramp = try Tensor.range(to: Double(extent), on: next.device) / Double(extent)
  let weight = try ramp.to(next.dtype).reshaped(dim == next.rank - 2 ? [extent, 1] : [extent])
  let end = try last.sliced(dim, from: last.shape[dim] - extent)
  let overlap = try end * (1 - weight) + next.sliced(dim, to: extent) * weight
  return try concatenated([overlap, next.sliced(dim, from: extent)], dim)
}
