import Fewstep
import Tensors

/// What an evaluation of videos needs, at its smallest.
enum TinyVideoPlugins {
  static func register(in catalog: inout Catalog) {
    catalog.rewards.append(Plugin("brightness", "The mean of a video's pixels") { _ in { _ in Brightness() } })
    catalog.features.append(
      Plugin("mean-frame", "A frame's mean over rows, and two classes") { _ in { _ in MeanFrame() } })
    catalog.data.append(
      Plugin("noise-videos", "Videos of noise") { s in
        let count = s.integer("count", default: 8, in: .atLeast(1), "How many there are.")
        return { _ in NoiseVideos(count: count) }
      })
  }

  private final class Brightness: RewardProxy {
    func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
      try (pixels ?? samples).reshaped([samples.shape[0], -1]).mean([1])
    }
  }

  private final class MeanFrame: FeatureNetwork {
    func features(_ samples: Tensor, pixels: Tensor?) throws -> (features: Tensor, logProbabilities: Tensor) {
      let features = try (pixels ?? samples).mean([2]).reshaped([samples.shape[0], -1])
      return try (features, features[.all, .range(0, 3)].logSoftmax(1))
    }
    func fingerprint() throws -> Fingerprint { [:] }
  }

  private final class NoiseVideos: DataSource {
    let count: Int
    let sampleShape = [3, 5, 8, 8]
    init(count: Int) { self.count = count }
    func batch(_ positions: [Int]) throws -> (samples: Tensor, condition: Condition) {
      let stream = Noise(seed: 3).stream("videos", step: 0)
      let videos = try positions.map { try stream.normal($0..<$0 + 1, sampleShape) }
      return (try concatenated(videos), Condition(promptIDs: positions.map { $0 % 3 }, tensors: [:]))
    }
  }
}
