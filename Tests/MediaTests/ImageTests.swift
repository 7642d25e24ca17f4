import Foundation
import Media
import Tensors
import TestSupport
import Testing

@Suite struct ImageTests {
  /// The bytes of one pixel.
  private func pixel(_ image: PNGImage, _ x: Int, _ y: Int) -> [UInt8] {
    let start = (y * image.width + x) * image.color.channelCount
    return Array(image.pixels[start..<start + image.color.channelCount])
  }

  @Test func `A grid puts samples row by row between separators`() throws {
    let pixels = try Tensor([0, 0.2, 0.4], shape: [3, 1, 1, 1]).expanded([3, 1, 2, 3])
    let image = try ImageGrid(columns: 2).image(pixels)
    #expect(image.width == 9 && image.height == 7 && image.color == .grey)
    #expect(pixel(image, 0, 0) == [255])
    #expect(pixel(image, 1, 1) == [0])
    #expect(pixel(image, 4, 1) == [255])
    #expect(pixel(image, 5, 2) == [51])
    #expect(pixel(image, 3, 5) == [102])
    #expect(pixel(image, 5, 5) == [255])
  }

  @Test func `Pixels are scaled up whole, channels kept apart, and values outside 0...1 clamped`() throws {
    let red: [Double] = [1, 0.5, 0, 2]
    let green: [Double] = [0, -1, 0.5, .nan]
    let blue: [Double] = [0, 0, 1, .infinity]
    let image = try ImageGrid(scale: 3, separator: 0).image(Tensor(red + green + blue, shape: [1, 3, 2, 2]))
    #expect(image.width == 6 && image.height == 6 && image.color == .rgb)
    #expect(pixel(image, 2, 2) == [255, 0, 0])
    #expect(pixel(image, 3, 0) == [128, 0, 0])
    #expect(pixel(image, 0, 3) == [0, 128, 255])
    #expect(pixel(image, 5, 5) == [255, 0, 255])
  }

  @Test func `Bands lie one below the other, and their labels are in the file`() throws {
    let grid = ImageGrid(columns: 4, separator: 1, bandSeparator: 5)
    let image = try grid.image(
      [
        .init("teacher, 50 steps", .zeros([5, 1, 2, 2])),
        .init("student, 1 step", .full([2, 3, 2, 2], 0.2)),
      ], texts: [.init("seed", "7")])
    // Two rows of teacher, one of student: each 2 + 1 high, with 1 + 5 in between.
    #expect(image.width == 13 && image.height == 15 && image.color == .rgb)
    #expect(pixel(image, 1, 4) == [0, 0, 0])
    #expect(pixel(image, 1, 8) == [255, 255, 255])
    #expect(pixel(image, 1, 12) == [51, 51, 51])
    #expect(
      image.texts == [.init("band 1", "teacher, 50 steps"), .init("band 2", "student, 1 step"), .init("seed", "7")])
  }

  @Test func `A grid comes back from its PNG file as it was`() throws {
    let path = NSTemporaryDirectory() + "fewstep-grid-" + UUID().uuidString + ".png"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let pixels = try Noise(seed: 1).stream("pixels", step: 0).uniform(0..<7, [3, 5, 4])
    let image = try ImageGrid(columns: 3, scale: 2).image([.init("noise", pixels)])
    try image.write(to: path)
    #expect(try PNGImage.read(path) == image)
  }

  @Test func `What is not a batch of images is refused`() throws {
    for shape in [[2, 2], [1, 2, 3, 3], [0, 1, 3, 3], [1, 1, 0, 3]] {
      #expect(throws: Failure.self) { try ImageGrid().image(.zeros(shape)) }
    }
    #expect(throws: Failure.self) { try ImageGrid().image([ImageGrid.Band]()) }
    #expect(throws: Failure.self) { try ImageGrid(columns: 0).image(.zeros([1, 1, 2, 2])) }
    #expect(throws: Failure.self) {
      try ImageGrid().image([.init("a", .zeros([1, 1, 2, 2])), .init("b", .zeros([1, 1, 2, 3]))])
    }
  }

  @Test func `A plot has x to the right and y upwards`() throws {
    let plot = try ScatterPlot(x: -2...2, y: -1...1, size: 401, dot: 3)
    let points = try Tensor([1, 0.5, -1, -0.5, 5, 0, .nan, 0], shape: [4, 2])
    let image = try plot.image(points, classes: [0, 1, 0, 0])
    #expect(image.width == 401 && image.height == 201 && image.color == .rgb)
    let (first, second) = (pixel(image, 300, 50), pixel(image, 100, 150))
    #expect(first != second)
    for color in [first, second] { #expect(color != [255, 255, 255]) }
    #expect(pixel(image, 299, 51) == first)
    #expect(pixel(image, 298, 50) == [255, 255, 255])
    #expect(pixel(image, 300, 150) == [255, 255, 255])
    #expect(image.texts.contains(.init("outside", "2")))
  }

  @Test func `Points are drawn over those of the reference`() throws {
    let plot = try ScatterPlot(x: -1...1, y: -1...1, size: 101, dot: 1)
    let reference = try Tensor([0.5, 0.5, -0.5, 0.5], shape: [2, 2])
    let image = try plot.image(Tensor([0.5, 0.5], shape: [1, 2]), over: reference)
    #expect(pixel(image, 25, 25) == [200, 200, 200])
    #expect(![[200, 200, 200], [255, 255, 255]].contains(pixel(image, 75, 25)))
  }

  @Test func `The range around points holds them all, and exists for a single point and for none`() throws {
    let points = try Tensor([0.0, 10, 4, -10, .infinity, 0], shape: [3, 2])
    let plot = try ScatterPlot(around: points)
    #expect(plot.x.contains(0) && plot.x.contains(4) && plot.x.upperBound < 5)
    #expect(plot.y.contains(10) && plot.y.contains(-10))
    #expect(try ScatterPlot(around: Tensor([3.0, 4], shape: [1, 2])).x == 2...4)
    #expect(try ScatterPlot(around: .zeros([0, 2])).y == -1...1)
    #expect(throws: Failure.self) { try ScatterPlot(x: 1...1, y: 0...1) }
    #expect(throws: Failure.self) { try plot.image(Tensor.zeros([2, 3])) }
    #expect(throws: Failure.self) { try plot.image(Tensor.zeros([2, 2]), classes: [1]) }
  }
}
