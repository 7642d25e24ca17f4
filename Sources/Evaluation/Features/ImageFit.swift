import Media
import Tensors

/// What is done to an image before a network prepares it in its own way.
public enum ImageFit: Equatable, Sendable {
  /// Nothing.
  case whole
  /// The middle square, brought to so many pixels a side by Lanczos: DMD2's way to FID at a resolution, and to its CLIP
  /// score.
  case square(Int)
  /// The middle of so many pixels a side, as it is: what patch-FID sees. An image that is narrower or lower stays whole, as
  /// in DMD2.
  case patch(Int)

  /// The image as the network gets it, uint8 [3, H, W].
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

/// The middle square of an image [3, H, W]; `rounding` says where half a pixel goes: torchvision's to the even side.
func middle(of image: Tensor, _ side: Int, rounding: FloatingPointRoundingRule) throws -> Tensor {
  func range(_ length: Int) -> TensorIndex {
    let start = Int((Double(length - side) / 2).rounded(rounding))
    return .range(start, start + side)
  }
  return try image[.all, range(image.shape[1]), range(image.shape[2])]
}
