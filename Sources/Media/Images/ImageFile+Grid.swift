import Tensors

extension ImageFile {
  /// Pictures in rows and columns with nothing between them.
  ///
  /// - Parameter pictures: [n, 3, H, W], n a multiple of `columns`.
  /// - Returns: [3, n / columns · H, columns · W]
  package static func joined(_ pictures: Tensor, columns: Int) throws -> Tensor {
    let (count, height, width) = (pictures.shape[0], pictures.shape[2], pictures.shape[3])
    return try pictures.reshaped([count / columns, columns, 3, height, width]).permuted([2, 0, 3, 1, 4])
      .reshaped([3, count / columns * height, columns * width]).contiguous()
  }
}
