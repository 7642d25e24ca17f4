import Networks
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct DiscriminatorTests {
  private func made(_ kind: DiscriminatorKind, _ shape: [Int]) throws -> any Discriminator {
    try kind.discriminator(of: shape, ParameterStore(.random(seed: 3)))
  }

  @Test(arguments: [
    [8], [8, 4, 4], [8, 9, 17], [8, 32, 32], [8, 1, 8, 8], [8, 5, 8, 12], [8, 21, 16, 30], [8, 40, 32, 33],
  ])
  func `A head gives one logit per sample for features of points, images and videos`(shape: [Int]) throws {
    let features = try normal("features", [2] + shape)
    for kind in DiscriminatorKind.allCases where kind == .pointwise || shape.count > 1 {
      let head = try made(kind, shape)
      let logits = try head(features)
      #expect(logits.shape == [2])
      try mean(logits * Tensor([Float(1), 2])).backward()
      #expect(head.parameters.all.allSatisfy { $0.value.gradient != nil })
    }
  }

  @Test func `Frames are halved in the layers that halve height and width while there are 8`() throws {
    let image = try made(.convolutional, [8, 32, 32]).parameters
    let video = try made(.convolutional, [8, 21, 32, 32]).parameters
    func kernels(_ store: ParameterStore) -> [[Int]] {
      store.all.map(\.value.shape).filter { $0.count > 3 }.map { Array($0.dropFirst(2)) }
    }
    #expect(kernels(image) == [[4, 4], [4, 4], [4, 4], [4, 4], [1, 1]])
    // 21 frames, then 10, 5, 5 and 1.
    #expect(kernels(video) == [[4, 4, 4], [4, 4, 4], [3, 4, 4], [4, 4, 4], [1, 1, 1]])
  }

  @Test func `A video's logit depends on the order of its frames`() throws {
    let head = try made(.convolutional, [8, 5, 8, 8])
    let features = try normal("features", [1, 8, 5, 8, 8])
    let backwards = try stacked((0..<5).map { try features[.all, .all, .at(4 - $0)] }, 2)
    #expect(try largestDifference(head(features), head(backwards)) > 1e-5)
  }

  @Test(arguments: [[8], [8, 3, 8], [8, 5, 3, 8], [8, 1, 1, 8, 8]])
  func `A convolutional head refuses features that are too small or have no such dimensions`(shape: [Int]) {
    #expect { try made(.convolutional, shape) } throws: {
      "\($0)".contains("[C, h, w] or [C, f, h, w] of 4 x 4 positions at least, here they are \(shape)")
    }
  }
}
