import Files
import Foundation
import IDX
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct IDXImagesTests {
  private func source(
    _ scratch: Scratch, shape: [UInt8], labels: [UInt8], subset: IDXImages.Subset = .all, downsample: Int = 1
  )
    throws -> IDXImages
  {
    let count = shape.reduce(1) { $0 * Int($1) }
    let images = Data([0, 0, 8, UInt8(shape.count)] + shape.flatMap { [0, 0, 0, $0] } + (0..<count).map { UInt8($0) })
    let classes = Data([0, 0, 8, 1, 0, 0, 0, UInt8(labels.count)] + labels)
    try images.write(to: URL(fileURLWithPath: scratch.path("images")))
    try classes.write(to: URL(fileURLWithPath: scratch.path("labels")))
    return try IDXImages(
      images: scratch.path("images"), labels: scratch.path("labels"), subset: subset, downsample: downsample)
  }

  @Test func `Grey images get one channel, coloured ones keep theirs`() throws {
    let scratch = try Scratch()
    let grey = try source(scratch, shape: [4, 2, 3], labels: [5, 6, 7, 8])
    #expect(grey.sampleShape == [1, 2, 3])
    let coloured = try source(scratch, shape: [4, 3, 2, 2], labels: [5, 6, 7, 8], subset: .odd)
    #expect(coloured.sampleShape == [3, 2, 2] && coloured.count == 2)
    let (samples, condition) = try coloured.batch([1])
    #expect(condition.promptIDs == [8])
    try expectClose(samples, Tensor((36..<48).map { Float($0) / 127.5 - 1 }, shape: [1, 3, 2, 2]))
  }

  @Test func `Squares of pixels are averaged into one, and must divide the image`() throws {
    let scratch = try Scratch()
    let halved = try source(scratch, shape: [2, 2, 4], labels: [5, 6], downsample: 2)
    #expect(halved.sampleShape == [1, 1, 2])
    // The second image's rows are 8 9 10 11 and 12 13 14 15.
    try expectClose(
      halved.batch([1]).samples, Tensor([10.5, 12.5].map { Float($0 / 127.5 - 1) }, shape: [1, 1, 1, 2]))
    expectError(.malformed, "images", "multiples of 2") {
      _ = try source(scratch, shape: [2, 2, 3], labels: [5, 6], downsample: 2)
    }
  }

  @Test func `A file of another rank is refused with what was expected`() throws {
    let scratch = try Scratch()
    let error = #expect(throws: Failure.self) { try source(scratch, shape: [4, 2], labels: [0, 0, 0, 0]) }
    #expect(error?.description.contains("uint8[N, C, H, W]") == true)
  }
}
