import Media
import Tensors

extension MediaFrame {
  /// An image [3, H, W] resized (Lanczos, as in PIL) so that it just covers the size, then center-cropped.
  static func cut(_ image: Tensor, to size: MediaSize) throws -> (image: Tensor, frame: MediaFrame) {
    let (height, width) = (image.shape[1], image.shape[2])
    let scale = max(Double(size.height) / Double(height), Double(size.width) / Double(width))
    let covered = (
      height: max(size.height, Int((Double(height) * scale).rounded())),
      width: max(size.width, Int((Double(width) * scale).rounded()))
    )
    let (top, left) = ((covered.height - size.height) / 2, (covered.width - size.width) / 2)
    let cut = try resized(image, height: covered.height, width: covered.width, .lanczos)
      .part([.all, .range(top, top + size.height), .range(left, left + size.width)])
    return (
      cut, MediaFrame(original: MediaSize(height: height, width: width), cropTop: top, cropLeft: left, size: size)
    )
  }
}
