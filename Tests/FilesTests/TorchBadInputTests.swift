import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct TorchBadInputTests {
  private func refuse(
    _ pickle: [UInt8], _ words: String, storage: Int = 16, location: SourceLocation = #_sourceLocation
  ) throws {
    let scratch = try Scratch()
    let archive = ZipBytes().archive([("a/data.pkl", pickle), ("a/data/0", [UInt8](repeating: 0, count: storage))])
    let path = try scratch.write(archive, to: "bad.pt")
    expectError(.malformed, "bad.pt", words, location: location) { _ = try TorchFile(path) }
  }

  private func open(_ bytes: [UInt8]) throws -> TorchFile {
    let scratch = try Scratch()
    return try TorchFile(try scratch.write(bytes, to: "some.pt"))
  }

  @Test func `No function is called: one that tensors do not need is refused by its name`() throws {
    let scratch = try Scratch()
    let mark = scratch.path("mark")
    let call = PickleBytes.tuple([PickleBytes.text("touch \(mark)")]) + Array("R.".utf8)
    try refuse(PickleBytes.start + PickleBytes.global("os", "system") + call, "'os.system'")
    try refuse(
      PickleBytes.start + PickleBytes.text("posix") + PickleBytes.text("system") + [0x93] + call, "'posix.system'")
    try refuse(PickleBytes.start + PickleBytes.global("torch", "load") + call, "'torch.load'")
    try refuse(PickleBytes.start + PickleBytes.global("torch", "float32") + call, "a call of torch.float32")
    #expect(!FileManager.default.fileExists(atPath: mark))
    // Instructions that make objects of classes, or that refer to code which another program registered.
    for code: UInt8 in [0x81, 0x92, UInt8(ascii: "i"), UInt8(ascii: "o"), 0x82, UInt8(ascii: "P")] {
      try refuse(PickleBytes.start + PickleBytes.global("torch", "Size") + Array(")".utf8) + [code], "an instruction")
    }
  }

  @Test func `Pickles that are damaged in each way are refused`() throws {
    let start = PickleBytes.start
    try refuse([], "cut short")
    try refuse(Array(".".utf8), "a value is missing")
    try refuse([0x80, 9], "protocol")
    try refuse(start + Array("(.".utf8), "a value is missing")
    try refuse(start + Array("t.".utf8), "a mark is missing")
    try refuse(start + Array("h".utf8) + [7], "remembered under 7")
    try refuse(start + Array("Na.".utf8), "a value is missing")
    try refuse(start + Array("NNa.".utf8), "a list")
    try refuse(start + Array("NNNs.".utf8), "a dictionary")
    try refuse(start + Array("}(Nu.".utf8), "without a value")
    try refuse(start + Array("NNb.".utf8), "no dictionary")
    try refuse(start + Array("N)R.".utf8), "no function")
    try refuse(start + Array("NQ.".utf8), "a tuple")
    try refuse(start + Array(")Q.".utf8), "a storage")
    try refuse(start + Array("X".utf8) + [0xFF, 0xFF, 0xFF, 0xFF], "cut short")
    try refuse(start + Array("cos".utf8), "cut short")
  }

  @Test func `Endless and deep nesting is refused, without a crash and without the memory for it`() throws {
    let start = PickleBytes.start
    try refuse(
      start + [UInt8](repeating: UInt8(ascii: "]"), count: 100_000)
        + [UInt8](repeating: UInt8(ascii: "a"), count: 99_999) + Array(".".utf8), "nested")
    try refuse(start + Array(")".utf8) + [UInt8](repeating: 0x85, count: 100_000) + Array(".".utf8), "nested")
    // A list that contains itself, and one that doubles its elements at each level.
    try refuse(start + Array("]q\0h\0a.".utf8), "nested")
    let doubling = (0..<40).flatMap { [0x71, $0, 0x68, $0, 0x86] as [UInt8] }
    try refuse(start + Array("N".utf8) + doubling + Array(".".utf8), "nested")
    try refuse([UInt8](repeating: UInt8(ascii: "N"), count: 17 << 20), "too large")
    // The index of a memo entry is only a name.
    let far = start + Array("}r".utf8) + [0xFF, 0xFF, 0xFF, 0xFF] + Array(".".utf8)
    #expect(try open(ZipBytes().archive([("a/data.pkl", far)])).names.isEmpty)
  }

  @Test func `Tensors that do not lie in their storage are refused`() throws {
    let good = ZipBytes().archive([
      ("a/data.pkl", PickleBytes.tensor()), ("a/data/0", [UInt8](repeating: 0, count: 16)),
    ])
    #expect(try open(good).tensor("tensor").floats() == [0, 0, 0, 0])
    let inside = "does not lie inside"
    try refuse(PickleBytes.tensor(shape: [5]), inside)
    try refuse(PickleBytes.tensor(offset: 1), inside)
    try refuse(PickleBytes.tensor(offset: -1), inside)
    try refuse(PickleBytes.tensor(offset: .max), inside)
    try refuse(PickleBytes.tensor(shape: [2, 2], strides: [3, 1]), inside)
    try refuse(PickleBytes.tensor(shape: [2], strides: [-1]), inside)
    try refuse(PickleBytes.tensor(shape: [-1]), inside)
    try refuse(PickleBytes.tensor(shape: [2, 2]), inside)
    try refuse(PickleBytes.tensor(shape: [1 << 62, 4], strides: [0, 0]), inside)
    try refuse(PickleBytes.tensor(shape: [2, 2], strides: [.max, .max]), inside)
    try refuse(PickleBytes.tensor(shape: [0, .max, .max], strides: [1, 1, 1]), inside)
    try refuse(
      PickleBytes.tensor(shape: [Int](repeating: 1, count: 100), strides: [Int](repeating: 1, count: 100)), inside)
    try refuse(PickleBytes.tensor(shape: [1 << 40], strides: [0]), "are said to be")
    try refuse(PickleBytes.tensor(count: 5), "too short")
    try refuse(PickleBytes.tensor(count: .max), "too short")
    try refuse(PickleBytes.tensor(count: -1), "storage")
    try refuse(PickleBytes.tensor(), "too short", storage: 15)
    try refuse(PickleBytes.tensor(key: "1"), "'1' is not in the archive")
    try refuse(PickleBytes.tensor(key: "../data.pkl"), "not in the archive")
  }

  @Test func `Two tensors of one name are refused`() throws {
    let tensor = PickleBytes.tensor().dropFirst(2).dropLast()
    let body =
      PickleBytes.text("a.b") + tensor + PickleBytes.text("a") + Array("}".utf8) + PickleBytes.text("b") + tensor
    try refuse(PickleBytes.start + Array("}(".utf8) + body + Array("su.".utf8), "a.b: two tensors")
  }

  @Test func `Archives with false sizes and places are refused`() throws {
    let scratch = try Scratch()
    let entries = [("a/data.pkl", PickleBytes.tensor()), ("a/data/0", [UInt8](repeating: 0, count: 16))]
    func refuse(_ zip: ZipBytes, _ words: String, location: SourceLocation = #_sourceLocation) throws {
      let path = try scratch.write(zip.archive(entries), to: "bad.pt")
      expectError(.malformed, "bad.pt", words, location: location) { _ = try TorchFile(path) }
    }
    try refuse(ZipBytes(method: 8), "compressed")
    try refuse(ZipBytes(claims: { $0.size = 1 << 30 }), "reaches out")
    try refuse(ZipBytes(claims: { $0.size = .max }, isWide: true), "reaches out")
    try refuse(ZipBytes(claims: { $0.size = -1 }, isWide: true), "damaged or cut")
    try refuse(ZipBytes(claims: { $0.header = .max }, isWide: true), "not where")
    try refuse(ZipBytes(claims: { $0.header += 1 }), "not where")
    try refuse(ZipBytes(claims: { $0.header = 0 }), "overlaps")
    let twice = try scratch.write(ZipBytes().archive(entries + entries), to: "twice.pt")
    expectError(.malformed, "twice") { _ = try TorchFile(twice) }
    #expect(try open(ZipBytes(isWide: true).archive(entries)).names == ["tensor"])
    let other = try scratch.write(ZipBytes().archive([("a.txt", [1])]), to: "other.zip")
    expectError(.malformed, "other.zip", "none of torch's") { _ = try TorchFile(other) }
  }

  @Test func `A file cut short anywhere is refused`() throws {
    let scratch = try Scratch()
    let whole = try contents(fixture("views.pt"))
    for length in stride(from: 0, to: whole.count, by: 5) {
      let path = try scratch.write(whole.prefix(length), to: "cut.pt")
      expectError(.malformed, "cut.pt") { _ = try TorchFile(path) }
    }
  }

  @Test(arguments: ["views.pt", "training.ckpt"])
  func `A file with any byte changed is read or refused, and no crash`(name: String) throws {
    let scratch = try Scratch()
    let whole = try contents(fixture(name))
    var opened = 0
    for position in whole.indices {
      var bytes = whole
      bytes[position] ^= [1, 0x80, 0xFF][position % 3]
      let path = try scratch.write(bytes, to: "changed.pt")
      do {
        let file = try TorchFile(path)
        opened += 1
        for name in file.names { _ = try file.tensor(name) }
      } catch is Failure {}
    }
    #expect(opened > 0 && opened < whole.count)
  }
}
