import Evaluation
import Fewstep
import Files
import Foundation
import Media
import Metrics
import Tensors
import TestSupport
import Testing

/// Compared with clean-fid and the evaluation code of DMD2 and CMMD, by make_features.py.
@Suite struct ImageFeaturesTests {
  private let folder = COCOFixtures.folder

  private func images() throws -> [ImageSource.Image] {
    try ImageSource.images(in: [COCOFixtures.images])
  }

  @Test(arguments: [("clean", ImageFit.whole), ("square", .square(96)), ("patch", .patch(299))])
  func `Inception sees images as clean-fid shows them, whole, at a resolution and in patches`(
    name: String, fit: ImageFit
  ) throws {
    let network = try Inception("\(folder)/inception.pt")
    var counts = [Int]()
    let features = try ImageFeatures(of: images(), network, fit, batch: 4) { counts.append($0) }
    #expect(features.values.shape == [6, 2048])
    let fifths = try features.values[.all, .range(nil, nil, step: 5)]
    #expect(try largestDifference(fifths, COCOFixtures.expected(name)) < 1e-5)
    #expect(counts == [4, 6])
  }

  @Test(arguments: ResizeFilter.allCases)
  func `Images are resized in floating point as by Pillow`(filter: ResizeFilter) throws {
    let channel = try RGBImage.read("\(COCOFixtures.images)/00001.png").tensor().rows(0..<1)
    for name in ["smaller", "larger"] {
      let wanted = try COCOFixtures.expected("float.\(filter).\(name)")
      for image in [channel, try channel.to(.float32)] {
        let made = try resizedInFloat(image, height: wanted.shape[1], width: wanted.shape[2], filter)
        #expect(try largestDifference(made, wanted) < 1e-4)
      }
    }
    #expect(try largestDifference(resizedInFloat(channel, height: 45, width: 80, filter), channel.to(.float32)) == 0)
    #expect(words { _ = try resizedInFloat(channel, height: 0, width: 8, filter) }.contains("neither of them 0"))
  }

  @Test func `CLIP sees images as CMMD's authors show them`() throws {
    let network = try CLIPEmbedding("\(COCOFixtures.clip)/clip-model")
    let features = try ImageFeatures(of: images(), network, .whole)
    #expect(try largestDifference(features.values, COCOFixtures.expected("cmmd")) < 1e-5)
  }

  @Test func `Fréchet and kernel distance are those of clean-fid on SciPy`() throws {
    let (real, generated) = (try COCOFixtures.expected("real"), try COCOFixtures.expected("generated"))
    let scores = try FeatureMeasures(real: real)(generated)
    let (fid, kid) = (try COCOFixtures.expected("fid").item(), try COCOFixtures.expected("kid").item())
    #expect(abs(scores.frechetDistance.value / fid - 1) < 1e-6)
    // The same number of samples on both sides, all of them in one subset.
    #expect(abs(scores.kernelDistance.value / kid - 1) < 1e-6)
  }

  @Test
  func `Features come back from their file, and are compared with such of the same network and preparation alone`()
    throws
  {
    let scratch = try Scratch()
    let network = try CLIPEmbedding("\(COCOFixtures.clip)/clip-model")
    let features = try ImageFeatures(of: images(), network, .whole)
    try features.write(to: scratch.path("features.h5"))
    let back = try ImageFeatures(reading: scratch.path("features.h5"))
    #expect(try largestDifference(back.values, features.values) == 0)
    #expect(back.names == features.names && back.images == features.images)
    #expect(back.fingerprint == features.fingerprint)
    #expect(try ImageFeatures.isHeld(by: HDF5File.open(scratch.path("features.h5"))))

    let square = try ImageFeatures(of: images(), network, .square(32))
    #expect(square.fingerprint.differences(from: back.fingerprint) == ["fit: square 32 instead of whole"])
    #expect(square.images == back.images)
    let fewer = try ImageFeatures(of: Array(images().dropLast()), network, .whole)
    #expect(fewer.images != back.images && fewer.fingerprint == back.fingerprint)
    let other = try ImageFeatures(of: images(), Inception("\(folder)/inception.pt"), .whole)
    #expect(other.fingerprint.differences(from: back.fingerprint).contains("network: inception instead of clip"))

    try HDF5File.write(to: scratch.path("others.h5")) { try $0.write(features.values, to: "features") }
    #expect(try !ImageFeatures.isHeld(by: HDF5File.open(scratch.path("others.h5"))))
  }

  @Test func `A damaged image is named, and a folder without images refused`() throws {
    let scratch = try Scratch()
    let good = try Data(contentsOf: URL(fileURLWithPath: "\(COCOFixtures.images)/00002.png"))
    try good.write(to: URL(fileURLWithPath: scratch.path("a.png")))
    try good.prefix(good.count / 2).write(to: URL(fileURLWithPath: scratch.path("b.png")))
    let network = try CLIPEmbedding("\(COCOFixtures.clip)/clip-model")
    let damaged = words { _ = try ImageFeatures(of: ImageSource.images(in: [scratch.folder]), network, .whole) }
    #expect(damaged.contains("/b.png: the image is damaged"), "\(damaged)")
    let empty = try Scratch()
    #expect(words { _ = try ImageSource.images(in: [empty.folder]) }.contains("it holds no images"))
  }

  @Test func `What is no Inception is refused with what it is`() throws {
    let other = words { _ = try Inception("\(folder)/no-tensor.pt") }
    #expect(other.contains("not NVIDIA's Inception") && other.contains("no part 'layers'"), "\(other)")
    let weights = words { _ = try Inception("\(COCOFixtures.clip)/aesthetic/single.pth") }
    #expect(weights.contains("expected a TorchScript program") && weights.contains("weights alone"), "\(weights)")
  }
}
