import Files
import Tensors

/// What differs about a name in two files.
struct TensorDifference: Encodable {
  let name: String
  /// Why the values cannot be compared, such as by another shape; nil if they can.
  var problem: String?
  /// The largest absolute difference of two values; NaN if one of them is NaN.
  var largest: Double?
  /// The Euclidean norm of the first tensor.
  var norm: Double?

  /// - Returns: nil if the values are identical, to the bit.
  init?(_ name: String, _ first: Tensor, _ second: Tensor) throws {
    self.name = name
    guard first.shape == second.shape, first.dtype == second.dtype else {
      problem = "\(first.summary) and \(second.summary)"
      return
    }
    guard try hash([first]) != hash([second]) else { return nil }
    let (x, y) = (try first.reshaped([-1]), try second.reshaped([-1]))
    var (error, square) = (0.0, 0.0)
    // In parts: as float64 a text encoder's embeddings alone would take 8 GB.
    for start in stride(from: 0, to: x.shape[0], by: Self.part) {
      let range = start..<min(start + Self.part, x.shape[0])
      let (a, b) = (try x.rows(range).to(.float64), try y.rows(range).to(.float64))
      let most = try abs(a - b).maximum([0]).item()
      error = most.isNaN || error.isNaN ? .nan : max(error, most)
      square += try a.squared().sum([0]).item()
    }
    (largest, norm) = (error, square.squareRoot())
  }

  init(_ name: String, problem: String) { (self.name, self.problem) = (name, problem) }

  /// Whether this is more than rounding of a given size. Texts, such as the recipe in a checkpoint, count only if there is none.
  func exceeds(_ tolerance: Double) -> Bool {
    largest.map { !($0 <= tolerance) } ?? (tolerance == 0 || problem != Self.otherTexts)
  }

  static let otherTexts = "other texts"

  var text: String {
    "\(name): \(problem ?? "largest difference \(brief(largest ?? .nan)), norm \(brief(norm ?? .nan))")"
  }

  private static let part = 1 << 24
}
