import Fewstep
import Tensors

/// How much a video moves: the mean absolute difference of neighbouring frames, which VBench's temporal flickering (arXiv
/// 2311.17982) is one minus of. Ours is that each frame's own mean is taken off its channels before, so that a video which only
/// gets brighter or changes its tint does not count as moving.
///
/// Alone it rewards noise and camera shake; beside other rewards it shows whether a student has stopped moving.
public final class MotionReward: RewardProxy {
  public init() {}

  /// In 0...1; differentiable.
  public func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    guard let videos = pixels, videos.rank == 5, videos.shape[2] > 1 else {
      throw Failure(
        .malformed, at: "reward: motion", expected: "videos of two or more frames",
        got: pixels?.summary ?? "points", advice: "It goes with a family of videos.")
    }
    let aligned = try videos - videos.mean([3, 4], keeping: true)
    let (before, after) = (try aligned.sliced(2, to: -1), try aligned.sliced(2, from: 1))
    return try abs(after - before).mean([1, 2, 3, 4])
  }

  public static func register(in catalog: inout Catalog) {
    catalog.rewards.append(
      Plugin(
        "motion",
        "How much a video moves: the mean absolute difference of neighbouring frames, after VBench's flickering (arXiv 2311.17982), without changes of brightness"
      ) { _ in { _ in MotionReward() } })
  }
}
