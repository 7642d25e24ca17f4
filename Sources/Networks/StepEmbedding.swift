import Tensors

/// Tells a network which of a student's steps made a sample: a vector for each step, added to the embedding of the time.
///
/// All begin at zero, so that nothing changes before training. The vectors are in no checkpoint of the network and are trained
/// even if the network is frozen under adapters. TDM's fake teacher is told the step likewise (arXiv 2503.06674).
public final class StepEmbedding {
  private let weight: Parameter

  /// - Parameters:
  ///   - scope: the layer's, usually "student_step_embedding"; its parameter is "weight" [steps, width], float32.
  ///   - width: of the time's embedding.
  public init(_ scope: Scope, steps: Int, width: Int) throws {
    weight = try scope.added("weight", [steps, width])
  }

  /// int64 positions in the student's list of steps [B] -> float32 [B, width].
  public func callAsFunction(_ steps: Tensor) throws -> Tensor { try embedding(steps, weight.value) }
}
