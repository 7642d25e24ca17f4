import Media
import Tensors

private let bicubic = Operator("aten::_upsample_bicubic2d_aa")
private let sampledBicubic = Operator("aten::upsample_bicubic2d")

/// Prepares images of any size for a CLIP model.
///
/// Each method has two versions. For 8-bit files it gives exactly the numbers of the published scorers. For tensors in
/// 0...1 it is differentiable and runs on any device; the image is then resized in floating point, whereas Pillow
/// rounds to 8 bits.
public struct CLIPImageProcessing: Equatable, Sendable {
  public enum Fit: Sendable {
    /// Resizes the shorter side to `size` and crops the center, as transformers' CLIPImageProcessor does.
    case crop
    /// The same with torchvision's rounding of half a pixel to the even side: OpenAI's and open_clip's.
    case torchvisionCrop
    /// Crops as in `torchvisionCrop`, and resizes in floating point (never through 8 bits), without antialiasing and
    /// not limited to 0...1: VBench's method for frames.
    case sampledCrop
    /// Resizes the longer side to `size` and pads with black, as HPSv2 does (never through 8 bits).
    case pad
  }

  public var size: Int
  public var fit: Fit
  public var mean: [Double]
  public var std: [Double]

  /// - Parameters:
  ///   - mean: the mean of red, green and blue in 0...1; OpenAI's by default.
  public init(
    size: Int, _ fit: Fit, mean: [Double] = [0.48145466, 0.4578275, 0.40821073],
    std: [Double] = [0.26862954, 0.26130258, 0.27577711]
  ) {
    (self.size, self.fit, self.mean, self.std) = (size, fit, mean, std)
  }

  /// float32 [3, size, size] from an 8-bit image.
  ///
  /// - Parameter image: uint8 [3, H, W] on the CPU.
  public func callAsFunction(image: Tensor) throws -> Tensor {
    guard image.rank == 3, image.shape[0] == 3, image.dtype == .uint8, image.count > 0 else {
      throw Failure(.malformed, at: "CLIP", expected: "an image uint8 [3, H, W]", got: image.summary)
    }
    func unit(_ x: Tensor) throws -> Tensor { try x.to(.float32) / 255 }
    guard fit != .pad, fit != .sampledCrop else { return try self(pixels: unit(image).unsqueezed(0))[0] }
    let (height, width) = (image.shape[1], image.shape[2])
    let fitted = fitted(height, width)
    let small = try resized(image, height: fitted.height, width: fitted.width, .bicubic)
    return try normalized(unit(cropped(small.unsqueezed(0))))[0]
  }

  /// float32 [B, 3, size, size] from pixels [B, C, H, W] in 0...1, C = 3, or 1 for gray.
  public func callAsFunction(pixels: Tensor) throws -> Tensor {
    guard pixels.rank == 4, [1, 3].contains(pixels.shape[1]), pixels.count > 0 else {
      throw Failure(
        .malformed, at: "CLIP", expected: "pixels [B, 3, H, W], or [B, 1, H, W] for grey", got: pixels.summary)
    }
    var x = try pixels.to(.float32)
    if x.shape[1] == 1 { x = try x.expanded([-1, 3, -1, -1]) }
    let fitted = fitted(x.shape[2], x.shape[3])
    if (fitted.height, fitted.width) != (x.shape[2], x.shape[3]) {
      // Antialiased, with Pillow's filter, except for VBench.
      let filter = fit == .sampledCrop ? sampledBicubic : bicubic
      x = try filter(.tensor(x), .ints([fitted.height, fitted.width]), .bool(false))
    }
    switch fit {
    case .crop, .torchvisionCrop: x = try cropped(limited(x))
    case .sampledCrop: x = try cropped(x)
    case .pad: x = try padded(x)
    }
    return try normalized(x)
  }

  /// Bicubic filters overshoot: Pillow's pixels stay in their range, HPSv2's do not. The gradient ignores the clamp,
  /// since in white and black areas rounding alone would decide which pixels get one.
  private func limited(_ x: Tensor) throws -> Tensor { try x + (x.clamped(0, 1) - x).detached() }

  /// Height and width before cropping or padding.
  private func fitted(_ height: Int, _ width: Int) -> (height: Int, width: Int) {
    switch fit {
    case .crop, .torchvisionCrop, .sampledCrop:
      let shortest = min(height, width)
      return (size * height / shortest, size * width / shortest)
    case .pad:
      let scale = Double(size) / Double(max(height, width))
      func side(_ length: Int) -> Int { max(1, Int((Double(length) * scale).rounded(.toNearestOrEven))) }
      return (side(height), side(width))
    }
  }

  private func cropped(_ x: Tensor) throws -> Tensor {
    func start(_ length: Int) -> Int {
      let half = Double(length - size) / 2
      return Int(fit == .crop ? half.rounded(.down) : half.rounded(.toNearestOrEven))
    }
    let (top, left) = (start(x.shape[2]), start(x.shape[3]))
    return try x.sliced(2, from: top, to: top + size).sliced(3, from: left, to: left + size)
  }

  private func padded(_ x: Tensor) throws -> Tensor {
    let (rows, columns) = (size - x.shape[2], size - x.shape[3])
    return try x.padded([columns / 2, columns - columns / 2, rows / 2, rows - rows / 2])
  }

  private func normalized(_ x: Tensor) throws -> Tensor {
    func channels(_ values: [Double]) throws -> Tensor {
      try Tensor(values, shape: [3, 1, 1]).to(.float32).to(x.device)
    }
    return try (x - channels(mean)) / channels(std)
  }
}
