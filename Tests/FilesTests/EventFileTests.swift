import Foundation
import Tensors
import TestSupport
import Testing

@testable import Files
@testable import Media

@Suite struct EventFileTests {
  private static let reader = """
    import sys
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    a = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0}); a.Reload()
    for tag in sorted(a.Tags()["scalars"]):
        print(tag, [(e.step, e.value) for e in a.Scalars(tag)])
    for tag in a.Tags()["images"]:
        import io
        from PIL import Image
        for e in a.Images(tag):
            i = Image.open(io.BytesIO(e.encoded_image_string))
            print(tag, e.step, e.width, e.height, i.mode, i.getpixel((0, 0)), i.text)
    """

  @Test func `TensorBoard sees the scalars and the image, while the file is still open`() throws {
    let scratch = try Scratch()
    let log = try EventFile(folder: scratch.path("new/log"))
    try log.add(scalars: [("loss/student", 0.5), ("ü", -2)], step: 1)
    try log.add(scalars: [], step: 1)
    try log.add(scalars: [("loss/student", 0.25)], step: 3_000_000_000)
    let pixels = [UInt8]([1, 2, 3] + [UInt8](repeating: 200, count: 9))
    let image = try PNGImage(width: 2, height: 2, color: .rgb, pixels: pixels, texts: [.init("prompt", "a cat")])
    try log.add(image: image, tag: "samples", step: 2)
    let said = try Python.run(Self.reader, scratch.path("new/log"))
    #expect(
      said == """
        loss/student [(1, 0.5), (3000000000, 0.25)]
        ü [(1, -2.0)]
        samples 2 2 2 RGB (1, 2, 3) {'prompt': 'a cat'}
        """)
    try log.close()
  }

  @Test func `A resumed run writes a second file, and what the first logged too far is dropped`() throws {
    let scratch = try Scratch()
    let start = Date(timeIntervalSince1970: 1_700_000_000)
    let first = try EventFile(folder: scratch.folder, time: start)
    for step in 0..<6 { try first.add(scalars: [("x", 1)], step: step, time: start) }
    let second = try EventFile(folder: scratch.folder, resumingAt: 4, time: start)
    for step in 4..<6 { try second.add(scalars: [("x", 2)], step: step, time: start + 1) }
    #expect(first.path != second.path)
    #expect(try scratch.files().count == 2)
    let said = try Python.run(Self.reader, scratch.folder)
    #expect(said == "x [(0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0), (4, 2.0), (5, 2.0)]")
  }

  @Test func `The numbers are read back, without those that a resumed run did again`() throws {
    let scratch = try Scratch()
    let start = Date(timeIntervalSince1970: 1_700_000_000)
    let first = try EventFile(folder: scratch.folder, time: start)
    for step in 0..<6 { try first.add(scalars: [("x", 1), ("ü", -0.5)], step: step) }
    let image = try PNGImage(width: 1, height: 1, color: .grey, pixels: [0])
    try first.add(image: image, tag: "samples", step: 5)
    let second = try EventFile(folder: scratch.folder, resumingAt: 4, time: start + 1)
    for step in 4..<6 { try second.add(scalars: [("x", 2)], step: step) }
    let read = try EventFile.scalars(in: scratch.folder)
    #expect(read["x"]?.map(\.step) == [0, 1, 2, 3, 4, 5])
    #expect(read["x"]?.map(\.value) == [1, 1, 1, 1, 2, 2])
    #expect(read["ü"]?.map(\.value) == [-0.5, -0.5, -0.5, -0.5])
    #expect(read.count == 2)
    #expect(try EventFile.scalars(in: scratch.path("nowhere")).isEmpty)
  }

  @Test
  func `A record that was cut off is left out, wherever it ends; a damaged one is an error with its place`() throws {
    let scratch = try Scratch()
    let log = try EventFile(folder: scratch.folder)
    for step in 0..<2 { try log.add(scalars: [("x", 1)], step: step) }
    let whole = try contents(log.path)
    for length in 0..<whole.count {
      _ = try scratch.write(whole.prefix(length), to: (log.path as NSString).lastPathComponent)
      #expect(try EventFile.scalars(in: scratch.folder)["x"]?.count ?? 0 < 2)
    }
    for place in whole.indices {
      var bytes = [UInt8](whole)
      bytes[place] ^= 0x40
      _ = try scratch.write(bytes, to: (log.path as NSString).lastPathComponent)
      expectError(.malformed, log.path, "the record at byte") { _ = try EventFile.scalars(in: scratch.folder) }
    }
  }

  @Test func `The file's name is what TensorBoard looks for`() throws {
    let scratch = try Scratch()
    let log = try EventFile(folder: scratch.folder, time: Date(timeIntervalSince1970: 42))
    #expect(log.path.hasPrefix(scratch.folder + "/events.out.tfevents.0000000042."))
  }

  @Test func `A folder that cannot be made is an I/O error with its name`() throws {
    let scratch = try Scratch()
    _ = try scratch.write([1], to: "file")
    expectError(.io, "file/log") { _ = try EventFile(folder: scratch.path("file/log")) }
  }

  @Test func `CRC-32C of the standard's examples`() {
    #expect(TFRecord.crc32c(Data("123456789".utf8)) == 0xE306_9283)
    #expect(TFRecord.crc32c(Data(count: 32)) == 0x8A91_36AA)
    #expect(TFRecord.crc32c(Data()) == 0)
  }
}
