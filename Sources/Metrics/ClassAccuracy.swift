import Tensors

/// Whether a classifier sees the requested class in each sample, and which classes it sees.
public struct ClassAccuracy: Equatable, Sendable {
  /// The share of samples whose most probable class is the requested one.
  public let accuracy: Double
  /// Whether each sample's class is right.
  public let isRight: [Bool]
  /// The accuracy by requested class; nil for a class that was not requested.
  public let accuracyByClass: [Double?]
  /// The classes that the classifier saw. If the requests are uniform, a low entropy means a collapse.
  public let seen: ClassHistogram

  /// - Parameters:
  ///   - scores: logits or probabilities [n, classes].
  ///   - wanted: the requested class of each of the n samples.
  /// - Throws: `Failure` for no samples, other shapes, a class outside the classifier's range, or scores that are not
  ///   finite.
  public init(scores: Tensor, wanted: [Int]) throws {
    guard scores.rank == 2, scores.shape[0] == wanted.count, scores.shape[1] > 0 else {
      throw Failure(
        .malformed, at: "class accuracy", expected: "scores [\(wanted.count), classes]", got: "\(scores.shape)")
    }
    guard !wanted.isEmpty else {
      throw Failure(.malformed, at: "class accuracy", "too few samples", expected: "at least 1", got: "0")
    }
    guard try scores.isFinite().all() else {
      throw Failure(.malformed, at: "class accuracy", "the scores are not all finite")
    }
    let classes = scores.shape[1]
    let found = try scores.argmax(1).integers()
    let demand = try ClassHistogram(wanted, count: classes)
    let hits = try ClassHistogram(zip(found, wanted).filter { $0 == $1 }.map(\.0), count: classes)
    isRight = zip(found, wanted).map { $0 == $1 }
    accuracy = Double(hits.total) / Double(wanted.count)
    accuracyByClass = zip(hits.counts, demand.counts).map { $1 == 0 ? nil : Double($0) / Double($1) }
    seen = try ClassHistogram(found, count: classes)
  }
}
