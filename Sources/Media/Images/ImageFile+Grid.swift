import Tensors

extension ImageFile {
  /// Joins images in rows and columns without gaps.
  ///
  /// - Parameter images: [n, 3, H, W], n a multiple of `columns`.
  /// - Returns: [3, n / columns · H, columns · W]
  package static func joined(_ images: Tensor, columns: Int) throws -> Tensor {
    let (count, height, width) = (images.shape[0], images.shape[2], images.shape[3])
    return try images.reshaped([count / columns, columns, 3, height, width]).permuted([2, 0, 3, 1, 4])
      .reshaped([3, count / columns * height, columns * width]).contiguous()
  }
}
