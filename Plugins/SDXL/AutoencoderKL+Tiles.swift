import Tensors

extension AutoencoderKL {
  /// Decodes tile by tile, so that memory does not grow with the image, like diffusers' `tiled_decode`. Tiles overlap
  /// by a quarter and are blended there. Normalization and attention see one tile at a time, so the image differs from
  /// one that is decoded whole.
  ///
  /// - Parameter side: the side of a tile, in pixels; a quarter of it is a whole number of latents.
  func tiled(_ latents: Tensor, _ side: Int) throws -> Tensor {
    let factor = configuration.factor
    let step = side / factor * 3 / 4
    var above = [Tensor]()  // the tiles of the row above, blended
    var rows = [Tensor]()
    for y in stride(from: 0, to: latents.shape[2], by: step) {
      let band = try latents.part([.all, .all, .range(y, y + side / factor)])
      var row = [Tensor]()
      for (column, x) in stride(from: 0, to: latents.shape[3], by: step).enumerated() {
        var tile = try decodeWhole(band.part([.all, .all, .all, .range(x, x + side / factor)]))
        if y > 0 { tile = try blended(above[column], into: tile, side / 4, 2) }
        if let left = row.last { tile = try blended(left, into: tile, side / 4, 3) }
        row.append(tile)
      }
      let kept = side - side / 4
      rows.append(
        try concatenated(row.map { try $0.part([.all, .all, .range(nil, kept), .range(nil, kept)]) }, 3))
      above = row
    }
    return try concatenated(rows, 2)
  }

  /// `next` with its beginning blended linearly with the end of `last`, over `extent` pixels of `dim`.
  private func blended(_ last: Tensor, into next: Tensor, _ extent: Int, _ dim: Int) throws -> Tensor {
    let extent = min(extent, last.shape[dim], next.shape[dim])
    let ramp = try Tensor.range(to: Double(extent), on: next.device) / Double(extent)
    let weight = try ramp.to(next.dtype).reshaped(dim == 2 ? [extent, 1] : [extent])
    let end = try last.sliced(dim, from: last.shape[dim] - extent)
    let overlap = try end * (1 - weight) + next.sliced(dim, to: extent) * weight
    return try concatenated([overlap, next.sliced(dim, from: extent)], dim)
  }
}
