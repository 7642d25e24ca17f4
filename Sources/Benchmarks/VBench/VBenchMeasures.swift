import Encoders
import Tensors

private let bilinear = Operator("aten::upsample_bilinear2d")

/// VBench's formulas, as functions of frames uint8 [F, 3, H, W] or of their embeddings. Each gives one number per frame
/// or pair of frames; a video's score is their mean.
enum VBenchMeasures {
  /// 1 - mean |f(t) - f(t + 1)| / 255 for each pair of consecutive frames: F - 1 numbers.
  static func temporalFlickering(_ frames: Tensor) throws -> [Double] {
    try (0..<frames.shape[0] - 1).map { t in
      func frame(_ index: Int) throws -> Tensor { try frames[.at(index)].to(.int16) }
      // Computed exactly, whereas VBench takes the mean of many float32 numbers.
      let change = try sum(abs(frame(t) - frame(t + 1))).item()
      return (255 - change / Double(frames.count / frames.shape[0])) / 255
    }
  }

  /// The similarity of each frame, except the first, to the previous frame and to the first, with negative cosines
  /// counted as 0: F - 1 numbers.
  ///
  /// - Parameter embeddings: float32 [F, D].
  static func consistency(_ embeddings: Tensor) throws -> [Double] {
    let count = embeddings.shape[0]
    let x = try embeddings / embeddings.norm([-1], keeping: true).clamped(1e-12, nil)
    let others = try x.sliced(0, from: 1)
    func cosines(_ y: Tensor) throws -> [Double] { try (others * y).sum([-1]).doubles().map { max(0, $0) } }
    return zip(try cosines(x.sliced(0, to: count - 1)), try cosines(x.sliced(0, to: 1))).map { ($0 + $1) / 2 }
  }

  /// DINO's input: float32 [F, 3, h, w], with the shorter side resized to `size` and the longer one in proportion, in
  /// floating point without antialiasing.
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
