import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct TarFileTests {
  private static let names = [
    "0001.jpg", "0001.txt", "a/0002.seg.PNG", "a/0002.txt", "README",
    String(repeating: "long/", count: 25) + "0003.txt",
  ]
  private static let longName = String(repeating: "deep/", count: 30) + "é.txt"

  private func text(_ tar: TarFile, _ member: TarFile.Member) -> String {
    tar.withBytes(member) { String(decoding: $0, as: UTF8.self) }
  }

  @Test(arguments: ["ustar", "gnu", "pax"])
  func `Python's archives of each format list their files, long names too`(format: String) throws {
    let tar = try TarFile(fixture("\(format).tar"))
    let names = Self.names + (format == "ustar" ? [] : [Self.longName]) + ["b/empty.txt"]
    #expect(tar.members.map(\.name) == names)
    for member in tar.members.dropLast() {
      #expect(text(tar, member) == String(repeating: member.name, count: member.name == "0001.jpg" ? 40 : 1))
    }
    #expect(tar.members.last?.size == 0)
    #expect(tar.place(tar.members[0]).hasSuffix("\(format).tar: 0001.jpg"))
  }

  @Test func `Neighbours with one key are a sample, as in WebDataset`() throws {
    let samples = try TarFile(fixture("ustar.tar")).samples()
    #expect(samples.map(\.key) == ["0001", "a/0002", String(repeating: "long/", count: 25) + "0003", "b/empty"])
    #expect(samples[0].members.keys.sorted() == ["jpg", "txt"])
    #expect(samples[1].members.keys.sorted() == ["seg.png", "txt"])
    #expect(samples[1].members["txt"]?.name == "a/0002.txt")
  }

  @Test
  func `Members of one key are a sample where they are no neighbours too; a key that comes again is another sample`()
    throws
  {
    let tar = try open(
      ["a.png", "b.png", "a.txt", "b.txt", "c.png", "a.png", "a.txt"].flatMap { header($0, size: []) })
    let samples = try tar.samples()
    #expect(samples.map(\.key) == ["a", "b", "c", "a"])
    #expect(samples.map { $0.members.keys.sorted() } == [["png", "txt"], ["png", "txt"], ["png"], ["png", "txt"]])
    #expect(samples.map { $0.members["txt"]?.offset } == [3 * 512, 4 * 512, nil, 7 * 512])
  }

  /// A header with a correct checksum.
  private func header(_ name: String, size: [UInt8], kind: Character = "0") -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    block.replaceSubrange(0..<name.utf8.count, with: name.utf8)
    block.replaceSubrange(124..<124 + size.count, with: size)
    block.replaceSubrange(148..<156, with: [UInt8](repeating: 32, count: 8))
    block[156] = kind.asciiValue ?? 0
    let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
    block.replaceSubrange(148..<148 + sum.utf8.count, with: sum.utf8)
    return block
  }

  private func open(_ bytes: [UInt8]) throws -> TarFile {
    let scratch = try Scratch()
    return try TarFile(try scratch.write(bytes, to: "bad.tar"))
  }

  private let content = [UInt8](repeating: 7, count: 512)

  @Test func `Sizes that are large, negative or no numbers are refused`() throws {
    #expect(try open(header("a", size: Array("10".utf8)) + content).members[0].size == 8)
    let binary = [0x80] + [UInt8](repeating: 0, count: 10) + [9]
    #expect(try open(header("a", size: binary) + content).members[0].size == 9)
    let huge = [0x80, 0, 0, 0, 0x7F] + [UInt8](repeating: 0xFF, count: 7)
    expectError(.malformed, "bad.tar", "in the middle of 'a'") { _ = try open(header("a", size: huge) + content) }
    for size in [[UInt8](repeating: 0xFF, count: 12), [0x80] + [UInt8](repeating: 0xFF, count: 11)] {
      expectError(.malformed, "bad.tar: a", "not possible") { _ = try open(header("a", size: size) + content) }
    }
    for size in ["-1", "9", "1x", "1 1 9"] {
      expectError(.malformed, "bad.tar: a", "not a number") {
        _ = try open(header("a", size: Array(size.utf8)) + content)
      }
    }
  }

  @Test func `pax attributes that are damaged or give a false size are refused`() throws {
    func archive(_ lines: String) -> [UInt8] {
      let octal = Array(String(lines.utf8.count, radix: 8).utf8)
      let filled = Array(lines.utf8) + [UInt8](repeating: 0, count: 512 - lines.utf8.count)
      return header("x", size: octal, kind: "x") + filled + header("a", size: Array("1".utf8)) + content
    }
    let member = try #require(open(archive("9 path=b\n11 size=20\n")).members.first)
    #expect(member.name == "b" && member.offset == 1536 && member.size == 20)
    for lines in ["99 path=b\n", "0 path=b\n", "-5 path=b\n", "x path=b\n", "path", "7 path\n"] {
      expectError(.malformed, "damaged") { _ = try open(archive(lines)) }
    }
    for lines in ["11 size=-1\n", "29 size=99999999999999999999\n"] {
      expectError(.malformed, "not possible") { _ = try open(archive(lines)) }
    }
    expectError(.malformed, "in the middle") { _ = try open(archive("28 size=9223372036854775807\n")) }
    expectError(.malformed, "sparse") { _ = try open(archive("25 GNU.sparse.name=a.txt\n")) }
  }

  @Test func `Archives that are damaged, cut short or compressed are refused`() throws {
    let scratch = try Scratch()
    let whole = try contents(fixture("ustar.tar"))
    // Cut within a header, and within a content.
    for length in [1, 100, 511, 512, 513, 831, 1025, 1535, 1536, 1543] {
      expectError(.malformed, "bad.tar") { _ = try open(Array(whole.prefix(length))) }
    }
    for position in [0, 100, 130, 150, 1024, 1150] {
      var bytes = Array(whole)
      bytes[position] ^= 2
      expectError(.malformed, "bad.tar") { _ = try open(bytes) }
    }
    let gzip = try scratch.write([0x1F, 0x8B, 8, 0] + content, to: "a.tar.gz")
    expectError(.malformed, "a.tar.gz", "not a tar archive", "gunzip") { _ = try TarFile(gzip) }
    for bytes in [Array("\u{FEFF}a text".utf8), [0x1F, 0x8B, 8, 0]] {
      expectError(.malformed, "bad.tar: not a tar archive", "gunzip") { _ = try open(bytes) }
    }
    let twice = header("a.jpg", size: Array("10".utf8)) + content
    expectError(.malformed, "bad.tar: a.jpg", "two members") { _ = try open(twice + twice).samples() }
  }
}
