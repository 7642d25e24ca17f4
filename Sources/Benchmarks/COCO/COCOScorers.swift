import Evaluation
import Fewstep

/// COCO's scorers, whose files have been read. What is nil is not scored.
public struct COCOScorers {
  /// For FID, patch-FID and CMMD.
  public var real: RealImages?
  /// For FID and patch-FID.
  public var inception: Inception?
  /// Pixels a side that images are resized to for FID.
  public var resolution: Int
  /// For CMMD.
  public var embedding: CLIPEmbedding?
  /// For the CLIP score.
  public var clipScore: CLIPScore?

  public init(
    real: RealImages?, inception: Inception?, resolution: Int, embedding: CLIPEmbedding?, clipScore: CLIPScore?
  ) {
    (self.real, self.inception, self.resolution) = (real, inception, resolution)
    (self.embedding, self.clipScore) = (embedding, clipScore)
  }

  /// All scores of the images below `root`.
  ///
  /// - Parameter batch: images that a network sees at once.
  /// - Throws: `Failure` if images are missing or damaged; what progress throws.
  public func scores(of benchmark: COCOBenchmark, root: String, batch: Int, progress: @escaping ScoringProgress) throws
    -> COCOScores
  {
    var bars = [String: (Int) throws -> Void]()
    var scores = try COCOScores(benchmark, root: root, batch: batch) { done, count, what in
      let bar = bars[what] ?? progress(count, what)
      bars[what] = bar
      try bar(done)
    }
    if let inception, let real {
      try scores.addFrechetDistance("FID", inception, .square(resolution), to: real)
      try scores.addFrechetDistance("patch-FID", inception, .patch(Inception.side), to: real)
    }
    if let embedding, let real { try scores.addCMMD(embedding, to: real) }
    if let clipScore { try scores.addCLIPScore(clipScore) }
    return scores
  }
}
