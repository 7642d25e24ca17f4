import Files
import Foundation
import IDX
import Tensors
import TestSupport
import Testing

@Suite struct IDXFileTests {
  private func gzip(_ bytes: [UInt8], _ scratch: Scratch) throws -> Data {
    let plain = try scratch.write(bytes, to: "plain")
    try Python.run(
      "import sys, gzip; gzip.open(sys.argv[2], 'wb').write(open(sys.argv[1], 'rb').read())", plain,
      scratch.path("packed.gz"))
    return try contents(scratch.path("packed.gz"))
  }

  @Test func `All six types are read, in big-endian order`() throws {
    let scratch = try Scratch()
    let cases: [(code: UInt8, dtype: DType, elements: [UInt8], values: [Double])] = [
      (0x08, .uint8, [1, 255], [1, 255]), (0x09, .int8, [1, 255], [1, -1]),
      (0x0B, .int16, [1, 2, 255, 255], [258, -1]),
      (0x0C, .int32, [0, 0, 1, 0, 255, 255, 255, 254], [256, -2]),
      (0x0D, .float32, [0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0], [1, -2]),
      (0x0E, .float64, [0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0], [1, -2]),
    ]
    for (code, dtype, elements, values) in cases {
      let tensor = try IDXFile.read(try scratch.write([0, 0, code, 2, 0, 0, 0, 2, 0, 0, 0, 1] + elements, to: "a"))
      #expect(tensor.dtype == dtype)
      #expect(tensor.shape == [2, 1])
      #expect(try tensor.doubles() == values)
    }
  }

  @Test func `A gzipped file is read; one that is cut short or damaged is refused with its name`() throws {
    let scratch = try Scratch()
    let images = (0..<6000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
    let packed = try gzip([0, 0, 8, 3, 0, 0, 0, 10, 0, 0, 0, 20, 0, 0, 0, 30] + images, scratch)
    let tensor = try IDXFile.read(try scratch.write(packed, to: "images.gz"))
    #expect(tensor.shape == [10, 20, 30])
    #expect(try bytes(tensor) == images)
    for length in [5, 15, 200, packed.count / 2, packed.count - 9, packed.count - 4] {
      let path = try scratch.write(packed.prefix(length), to: "cut.gz")
      expectError(.malformed, "cut.gz") { _ = try IDXFile.read(path) }
    }
    for place in [100, packed.count / 2, packed.count - 6] {
      var damaged = packed
      damaged[place] ^= 0x55
      let path = try scratch.write(damaged, to: "damaged.gz")
      expectError(.malformed, "damaged.gz") { _ = try IDXFile.read(path) }
    }
  }

  @Test func `Wrong contents are refused with a reason`() throws {
    let scratch = try Scratch()
    func refuse(_ bytes: [UInt8], _ words: String) throws {
      let path = try scratch.write(bytes, to: "bad.idx")
      expectError(.malformed, "bad.idx", words) { _ = try IDXFile.read(path) }
    }
    try refuse([], "ends too early")
    try refuse(Array("<html>".utf8), "not an IDX file")
    try refuse([0, 0, 7, 1, 0, 0, 0, 1, 0], "not an IDX file")
    try refuse([0, 0, 8, 1, 0, 0], "the dimensions")
    try refuse([0, 0, 8, 1, 0, 0, 0, 3, 1, 2], "expected 3 bytes for uint8[3], got 2")
    try refuse([0, 0, 8, 1, 0, 0, 0, 1, 1, 2], "more data")
    try refuse([0, 0, 8, 4] + [UInt8](repeating: 255, count: 16), "not possible")
    try refuse([0, 0, 8, 2, 255, 255, 255, 255, 0, 0, 255, 255], "ends too early")
    expectError(.missing, "none.idx") { _ = try IDXFile.read(scratch.path("none.idx")) }
  }
}
