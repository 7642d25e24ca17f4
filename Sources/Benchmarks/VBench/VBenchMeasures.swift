import Encoders
import Tensors

private let bilinear = Operator("aten::upsample_bilinear2d")

/// VBench's formulas, as functions of frames uint8 [F, 3, H, W] or of their embeddings. Each gives one number a frame, or a
/// pair of frames; a video's score is their mean.
enum VBenchMeasures {
  /// 1 - mean |f(t) - f(t + 1)| / 255 of each pair of neighbours: F - 1 numbers.
  static func temporalFlickering(_ frames: Tensor) throws -> [Double] {
    try (0..<frames.shape[0] - 1).map { t in
      func frame(_ index: Int) throws -> Tensor { try frames[.at(index)].to(.int16) }
      // Counted exactly, where VBench has the mean of many float32.
      let change = try sum(abs(frame(t) - frame(t + 1))).item()
      return (255 - change / Double(frames.count / frames.shape[0])) / 255
    }
  }

  /// How near each frame but the first is to the one before and to the first, cosines below 0 counted as 0: F - 1 numbers.
  ///
  /// - Parameter embeddings: float32 [F, D].
  static func consistency(_ embeddings: Tensor) throws -> [Double] {
    let count = embeddings.shape[0]
    let x = try embeddings / embeddings.norm([-1], keeping: true).clamped(1e-12, nil)
    let others = try x.sliced(0, from: 1)
    func cosines(_ y: Tensor) throws -> [Double] { try (others * y).sum([-1]).doubles().map { max(0, $0) } }
    return zip(try cosines(x.sliced(0, to: count - 1)), try cosines(x.sliced(0, to: 1))).map { ($0 + $1) / 2 }
  }

  /// What DINO sees: float32 [F, 3, h, w], the shorter side `size` and the longer one in proportion, resized in floating point
  /// without antialiasing.
  static func prepared(_ frames: Tensor, size: Int) throws -> Tensor {
    let (height, width) = (frames.shape[2], frames.shape[3])
    let shortest = min(height, width)
    var x = try frames.to(.float32)
    if shortest != size {
      x = try bilinear(.tensor(x), .ints([size * height / shortest, size * width / shortest]), .bool(false))
    }
    func channels(_ values: [Double]) throws -> Tensor {
      try Tensor(values, shape: [3, 1, 1]).to(.float32).to(frames.device)
    }
    return try (x / 255 - channels([0.485, 0.456, 0.406])) / channels([0.229, 0.224, 0.225])
  }
}
