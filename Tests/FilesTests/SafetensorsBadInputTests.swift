import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsBadInputTests {
  private func file(_ header: String, data: Int, length: UInt64? = nil) -> Data {
    withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) { Data($0) } + Data(header.utf8)
      + Data(count: data)
  }

  private func refuse(_ bytes: Data, _ words: String, location: SourceLocation = #_sourceLocation) throws {
    let scratch = try Scratch()
    let path = try scratch.write(bytes, to: "bad.safetensors")
    expectError(.malformed, "bad.safetensors", words, location: location) { _ = try SafetensorsFile(path) }
  }

  @Test(arguments: [UInt64.max, 1 << 63, 1 << 62, 1 << 40, 100_000_001, 30])
  func `Headers with a hostile length are refused`(length: UInt64) throws {
    try refuse(file("{}", data: 8, length: length), "the header's length is wrong")
  }

  @Test func `Files too short for a header, and headers that are not JSON objects, are refused`() throws {
    try refuse(Data(), "empty")
    try refuse(Data([1, 2, 3]), "too short")
    for text in ["", "nonsense", "[1]", "3", "{\"a\":", "{\"a\": {\"dtype\"", String(repeating: "[", count: 100_000)] {
      try refuse(file(text, data: 0), "the header is not")
    }
    try refuse(Data([4, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFE, 0x7B, 0x7D]), "the header is not")
  }

  @Test(arguments: [
    (#"{"w":{"dtype":"Q7","shape":[1],"data_offsets":[0,1]}}"#, "unknown dtype"),
    (#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, "expected 8 bytes for F32[2], got 4"),
    (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, "data_offsets"),
    (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, "data_offsets"),
    (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, "data_offsets"),
    (#"{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, "not possible"),
    (#"{"w":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}"#, "not possible"),
    (#"{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, "not possible"),
    (#"{"w":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}"#, "w: 'shape"),
    (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551616]}}"#, "w: 'data_offsets"),
    (#"{"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, "w: 'shape"),
    (#"{"w":{"dtype":"F32","shape":"1","data_offsets":[0,4]}}"#, "w: 'shape"),
    (#"{"w":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}"#, "w: 'dtype"),
    (#"{"w":{"dtype":"F32","shape":[1]}}"#, "w: 'data_offsets' is absent"),
    (#"{"w":{"a":"b"}}"#, "w: dtype, shape or data_offsets is absent"),
    (#"{"w":[1]}"#, "w: "),
    (#"{"w":null}"#, "w: "),
    (#"{"__metadata__":{"a":1}}"#, "__metadata__"),
    (#"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, "beyond the end"),
    (
      #"{"v":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},"w":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
      "w: the tensor overlaps 'v'"
    ),
    (#"{"w":{"dtype":"U8","shape":[6],"data_offsets":[2,8]}}"#, "w: 2 bytes before the tensor"),
    (#"{"w":{"dtype":"U8","shape":[6],"data_offsets":[0,6]}}"#, "2 bytes at the end"),
  ])
  func `A tensor at fault is named, with what is wrong`(header: String, words: String) throws {
    try refuse(file(header, data: 8), words)
  }

  @Test func `A tensor that begins off its element's size is copied, not mapped`() throws {
    let scratch = try Scratch()
    let header =
      #"{"v":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#
    let path = try scratch.write(file(header, data: 5), to: "odd.safetensors")
    #expect(try SafetensorsFile(path).tensor("w").floats() == [0])
  }

  @Test func `A file cut short anywhere is refused`() throws {
    let scratch = try Scratch()
    try Safetensors.write([("x", try sample(.float32, [7])), ("y", try sample(.int8, [3]))], to: scratch.path("a"))
    let whole = try contents(scratch.path("a"))
    for length in 0..<whole.count {
      let path = try scratch.write(whole.prefix(length), to: "cut.safetensors")
      expectError(.malformed, "cut.safetensors") { _ = try SafetensorsFile(path) }
    }
  }
}
