import Foundation
import Tensors
import TestSupport
import Testing

@testable import Encoders
@testable import Fewstep
@testable import Files

@Suite struct CLIPImageProcessingTests {
  private let file: SafetensorsFile

  init() throws { file = try SafetensorsFile("\(fixtures)/pictures.safetensors") }

  /// Images uint8 [3, H, W] in seven shapes.
  private func pictures() throws -> [Tensor] { try (0..<7).map { try file.tensor("picture.\($0)") } }

  @Test(arguments: [
    ("crop", CLIPImageProcessing.Fit.crop), ("torchvision", .torchvisionCrop), ("pad", .pad),
  ])
  func `Pictures of 8 bits become what transformers on Pillow, torchvision on Pillow, and HPSv2 make of them`(
    name: String, fit: CLIPImageProcessing.Fit
  ) throws {
    let processing = CLIPImageProcessing(size: 28, fit)
    let made = try stacked(pictures().map { try processing(image: $0) })
    #expect(try largestDifference(made, preparedPictures(name)) < 1e-5)
  }

  @Test func `The two ways of cutting out the middle differ where half a pixel is left`() throws {
    let (a, b) = (try preparedPictures("crop"), try preparedPictures("torchvision"))
    let same = try (0..<7).map { try largestDifference(a[.at($0)], b[.at($0)]) < 1e-5 }
    #expect(same.contains(true) && same.contains(false), "\(same)")
  }

  @Test func `Tensors become nearly the same, and exactly the same where nothing is rounded to 8 bits`() throws {
    for (index, picture) in try pictures().enumerated() {
      let pixels = try (picture.to(.float32) / 255).unsqueezed(0)
      let padding = CLIPImageProcessing(size: 28, .pad)
      try #expect(largestDifference(padding(pixels: pixels)[0], padding(image: picture)) < 1e-6)
      let cropping = CLIPImageProcessing(size: 28, .crop, mean: [0, 0, 0], std: [1, 1, 1])
      let gaps = try abs(cropping(pixels: pixels)[0] - cropping(image: picture)) * 255
      let (largest, mean) = (try gaps.doubles().max() ?? .infinity, try mean(gaps).item())
      if index == 0 { #expect(largest < 1e-4) }  // of the model's own size already
      #expect(largest < 20 && mean < 0.5, "picture \(index): \(largest), \(mean)")
    }
  }

  @Test func `Grey images become coloured, and others are refused`() throws {
    let processing = CLIPImageProcessing(size: 8, .crop)
    let grey = try (Tensor.range(to: 100) / 100).reshaped([1, 1, 10, 10])
    try #expect(
      largestDifference(processing(pixels: grey), processing(pixels: concatenated([grey, grey, grey], 1))) == 0)
    let two = words { _ = try processing(pixels: .zeros([1, 2, 8, 8])) }
    #expect(two.contains("expected pixels [B, 3, H, W]"), "\(two)")
    let float = words { _ = try processing(image: .zeros([3, 8, 8])) }
    #expect(float.contains("expected an image uint8 [3, H, W]"), "\(float)")
  }

  @Test(
    arguments: [
      (["size": ["shortest_edge": 256]], "size: expected 28 or {\"shortest_edge\":28}"),
      (["do_center_crop": false], "do_center_crop: expected true, got false"),
      (["resample": 2], "resample: expected 3, got 2"), (["sharpen": 1], "sharpen: the setting is not known"),
      (["image_mean": [0.5]], "image_mean: expected 3 numbers, got 1"),
    ] as [([String: JSONValue], String)])
  func aPreprocessorThatCannotBeObeyedIsRefused(values: [String: JSONValue], expected: String) {
    let words = words { _ = try CLIPImageProcessing(ModelConfig(values, path: "p.json"), size: 28) }
    #expect(words.contains(expected), "\(words)")
  }
}
