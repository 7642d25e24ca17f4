import Media
import Tensors

/// A crop or resize of an image, before a network prepares it in its own way.
public enum ImageFit: Equatable, Sendable {
  /// Does nothing.
  case whole
  /// Crops the central square and resizes it to this many pixels per side by Lanczos: DMD2's method for FID at a
  /// resolution, and for its CLIP score.
  case square(Int)
  /// Crops the central square with this many pixels per side, for patch-FID. An image that is narrower or lower stays
  /// whole, as in DMD2.
  case patch(Int)

  /// The image for the network, uint8 [3, H, W].
  ///
  /// - Parameter image: uint8 [3, H, W] on the CPU.
  public func callAsFunction(_ image: Tensor) throws -> Tensor {
    let shortest = min(image.shape[1], image.shape[2])
    switch self {
    case .whole: return image
    case .square(let side):
      return try resized(middle(of: image, shortest, rounding: .toNearestOrEven), height: side, width: side, .lanczos)
    case .patch(let side): return side > shortest ? image : try middle(of: image, side, rounding: .toNearestOrEven)
    }
  }
}

extension ImageFit: CustomStringConvertible {
  /// "whole", "square 512", "patch 299"
  public var description: String {
    switch self {
    case .whole: "whole"
    case .square(let side): "square \(side)"
    case .patch(let side): "patch \(side)"
    }
  }
}

/// The central square of an image [3, H, W]. `rounding` determines where half a pixel goes; torchvision rounds to the
/// even side.
func middle(of image: Tensor, _ side: Int, rounding: FloatingPointRoundingRule) throws -> Tensor {
  func range(_ length: Int) -> TensorIndex {
    let start = Int((Double(length - side) / 2).rounded(rounding))
    return .range(start, start + side)
  }
  return try image[.all, range(image.shape[1]), range(image.shape[2])]
}
