/// A package with a reward: closeness to a circle.
struct RewardTemplate: PluginTemplate {
  let name: PackageName
  let kind = "reward"
  let summary = "A reward: how close a sample's length is to a target."
  let testProducts = ["Shipped"]
  private var type: String { name.type }

  var source: String {
    """
    import Fewstep
    import Tensors

    /// How close a sample's length is to r: -(|x| - r)². For points in the plane, the closeness to a circle.
    public final class \(type): RewardProxy {
      private let radius: Double

      public init(radius: Double) { self.radius = radius }

      /// One score for each of the samples [B, ...], higher is better. It must not depend on the other samples.
      public func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
        let length = try samples.reshaped([samples.shape[0], -1]).norm([1])
        return try -(length - radius).squared()
      }

      /// Settings are read first, so that all mistakes are reported together. Expensive work, such as opening weights, belongs
      /// in the last line.
      public static func register(in catalog: inout Catalog) {
        catalog.rewards.append(
          Plugin("\(name.text)", "Closeness of a sample's length to a target") { s in
            let radius = s.number("radius", default: 2, in: .nonNegative, "r: the target length.")
            return { _ in \(type)(radius: radius) }
          })
      }
    }
    """
  }

  var test: String {
    """
    import Fewstep
    import Foundation
    import Shipped
    import Tensors
    import Testing

    @testable import \(type)

    @Suite struct \(type)Tests {
      @Test func `A sample at the target length scores best, alone and in a batch`() throws {
        let samples = try Tensor([3, 4, 0, 2, 0, 0], shape: [3, 2]).to(.float32)
        let condition = try Condition(classes: [0, 0, 0])
        let reward = \(type)(radius: 2)
        #expect(try reward.score(samples, pixels: nil, given: condition).doubles() == [-9, 0, -4])
        let alone = try reward.score(samples.rows(0..<1), pixels: nil, given: condition.rows(0..<1))
        #expect(try alone.doubles() == [-9])
      }

      @Test func `Its recipe trains, and rewards are computed`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..").path
        let recipe = try Recipe.load(
          root + "/recipe.yaml", catalog: .shipped(adding: [{ \(type).register(in: &$0) }]))
        let trainer = try Trainer(recipe, components: TrainingComponents(recipe))
        for _ in 0..<3 {
          let report = try trainer.step()
          #expect(try #require(report.reward) < 0)
          #expect(report.studentNorm > 0)
        }
      }
    }
    """
  }

  var recipe: String {
    """
    # AMD with the reward \(name.text) on a ring of Gaussians in the plane; takes seconds
    name: \(name.text)
    seed: 0

    backbone:
      kind: gaussian-mixture
      modes: 4
      radius: 2
      class-count: 4
      network: {width: 64}

    reward:
      kind: \(name.text)
      radius: 2

    objective:
      kind: amd
      sensitivity: 0.3
      group-size: 16

    \(Self.training)
    """
  }
}
