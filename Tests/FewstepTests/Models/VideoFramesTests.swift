import Fewstep
import Tensors
import TestSupport
import Testing

@Suite struct VideoFramesTests {
  private func scores(_ reward: BrightnessReward, _ pixels: Tensor?, _ prompts: [Int]) throws -> Tensor {
    try reward.score(pixels ?? .zeros([2, 2]), pixels: pixels, given: Condition(promptIDs: prompts, tensors: [:]))
  }

  @Test(arguments: [
    (nil, [0, 1, 2, 3, 4, 5, 6]), (1, [3]), (2, [1, 5]), (3, [1, 3, 5]), (7, [0, 1, 2, 3, 4, 5, 6]),
    (20, [0, 1, 2, 3, 4, 5, 6]),
  ])
  func `Chosen frames are the middles of equal parts of a video`(_ count: Int?, _ expected: [Int]) {
    #expect(VideoFrames(count).positions(of: 7) == expected)
  }

  @Test(arguments: [nil, 2, 3])
  func `A video's score is the mean of its frames' scores, each with the video's prompt`(count: Int?) throws {
    let videos = try sigmoid(normal("videos", [3, 3, 5, 4, 6]))
    let reward = BrightnessReward(.videos(framesPerSecond: 8), VideoFrames(count), batch: 4)
    let frames = BrightnessReward(.images, VideoFrames(), batch: 4)
    let positions = VideoFrames(count).positions(of: 5)
    let prompts = [2, 0, 1]
    let single = try positions.map { try scores(frames, videos[.all, .all, .at($0)], prompts) }
    try expectClose(scores(reward, videos, prompts), stacked(single).mean([0]), 1e-6)
    #expect(reward.batches.max() == 4 && reward.batches.reduce(0, +) == 3 * positions.count)
    #expect(reward.frames.fingerprint == (count.map { ["frames": "\($0)"] } ?? [:]))
  }

  @Test func `The gradient of a video's score reaches its frames, part by part`() throws {
    let videos = try sigmoid(normal("videos", [2, 3, 5, 4, 6])).requiringGrad()
    let reward = BrightnessReward(.videos(framesPerSecond: 8), VideoFrames(), batch: 3)
    try sum(scores(reward, videos, [2, 0])).backward()
    let gradient = try #require(videos.gradient)
    try videos.setGradient(nil)
    try sum((videos * videos).mean([1, 2, 3, 4]) * Tensor([Float(3), 1])).backward()
    try expectClose(gradient, #require(videos.gradient), 1e-6)
    // Each part once more in the backward pass, and never more at once.
    #expect(reward.batches.count == 8 && reward.batches.max() == 3)
  }

  @Test func `An image reward refuses points, and videos where it was told images`() throws {
    let points = BrightnessReward(.points, VideoFrames(), batch: 4)
    for pixels in [nil, try Tensor.zeros([2, 3, 4, 4])] {
      #expect { try scores(points, pixels, [0, 1]) } throws: {
        "\($0)".contains("this backbone are no images or videos")
      }
    }
    let videos = BrightnessReward(.videos(framesPerSecond: 8), VideoFrames(), batch: 4)
    #expect { try scores(videos, .zeros([2, 3, 4, 4]), [0, 1]) } throws: {
      "\($0)".contains("expected videos [B, C, F, H, W]")
    }
  }

  @Test func `A video's features are the means of its frames' features, and its classes' probabilities add up to 1`()
    throws
  {
    let videos = try sigmoid(normal("videos", [3, 3, 5, 4, 6]))
    let network = BrightnessFeatures()
    let (features, classes) = try network.features(
      videos, pixels: videos, of: .videos(framesPerSecond: 8), VideoFrames(2), batch: 4)
    let (first, last) = (try videos[.all, .all, .at(1)], try videos[.all, .all, .at(3)])
    try expectClose(features, (first.mean([2, 3]) + last.mean([2, 3])) / 2, 1e-6)
    #expect(classes.shape == [3, 3])
    try expectClose(exp(classes).sum([1]), .ones([3]), 1e-6)
    let images = try network.features(first, pixels: first, of: .images, VideoFrames(2), batch: 4)
    try expectSame(images.features, network.features(first, pixels: first).features)
  }
}

/// (prompt's ID + 1) · mean square of the pixels.
private final class BrightnessReward: ImageNetworkReward {
  let prompts = ["0", "1", "2"]
  let medium: Medium
  let frames: VideoFrames
  let batch: Int
  let device = Device.cpu
  let readsPrompts = true
  /// The batches that the network got.
  private(set) var batches = [Int]()

  init(_ medium: Medium, _ frames: VideoFrames, batch: Int) {
    (self.medium, self.frames, self.batch) = (medium, frames, batch)
  }

  func prepared(pixels: Tensor) throws -> Tensor { pixels }
  func prepared(image: Tensor) throws -> Tensor { try image.to(.float32) / 255 }
  func score(prepared images: Tensor, prompts: [String]) throws -> Tensor {
    batches.append(images.shape[0])
    return try (images * images).mean([1, 2, 3]) * Tensor(prompts.map { Float($0)! + 1 })
  }
}

/// The mean of each channel.
private final class BrightnessFeatures: FeatureNetwork {
  func features(_ samples: Tensor, pixels: Tensor?) throws -> (features: Tensor, logProbabilities: Tensor) {
    let means = try #require(pixels).mean([2, 3])
    return (means, try (means * 5).logSoftmax(1))
  }
  func fingerprint() throws -> Fingerprint { [:] }
}
