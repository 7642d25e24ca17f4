import CZlib
import Foundation
import Tensors

/// The text chunks of PNG files, which libpng's simplified interface does not support.
///
/// A chunk consists of a length, a type of four letters, the data, and a CRC of type and data. Numbers are big-endian.
enum PNGText {
  private static let signatureLength = 8
  /// The end of the signature and the header chunk, which always comes first.
  private static let headerEnd = signatureLength + 12 + 13

  /// - Throws: `.malformed` if a keyword is not 1 to 79 printable ASCII characters, or a value contains a zero.
  static func inserting(_ texts: [PNGImage.Text], into png: Data) throws -> Data {
    if texts.isEmpty { return png }
    var result = Data(png.prefix(headerEnd))
    for text in texts { result.append(try chunk(text)) }
    result.append(png.dropFirst(headerEnd))
    return result
  }

  static func texts(in png: UnsafeRawBufferPointer, _ place: String) throws -> [PNGImage.Text] {
    var texts: [PNGImage.Text] = []
    var position = signatureLength
    while position + 12 <= png.count {
      let length = Int(UInt32(bigEndian: png.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
      guard length <= png.count - position - 12 else {
        throw Failure(.malformed, at: place, "the file is cut short")
      }
      let type = String(decoding: png[position + 4..<position + 8], as: UTF8.self)
      let content = Array(png[position + 8..<position + 8 + length])
      if type == "tEXt", let text = plainText(content) { texts.append(text) }
      if type == "iTXt", let text = unicodeText(content) { texts.append(text) }
      if type == "IEND" { break }
      position += 12 + length
    }
    return texts
  }

  /// A chunk in Latin-1 for ASCII text, which every program reads, otherwise in UTF-8.
  private static func chunk(_ text: PNGImage.Text) throws -> Data {
    let keyword = Array(text.keyword.utf8)
    guard (1...79).contains(keyword.count), keyword.allSatisfy({ (0x20...0x7E).contains($0) }),
      keyword.first != 0x20, keyword.last != 0x20
    else {
      throw Failure(
        .malformed, at: "image", "a text's keyword", expected: "1 to 79 ASCII characters without spaces around them",
        got: "'\(text.keyword)'")
    }
    let value = Array(text.value.utf8)
    if value.contains(0) { throw Failure(.malformed, at: "image: \(text.keyword)", "a text contains a zero") }
    let isASCII = value.allSatisfy { $0 < 0x80 }
    // iTXt: keyword, 0, not compressed, method 0, no language, no translated keyword.
    return chunk(isASCII ? "tEXt" : "iTXt", keyword + (isASCII ? [0] : [0, 0, 0, 0, 0]) + value)
  }

  private static func chunk(_ type: String, _ content: [UInt8]) -> Data {
    let body = Array(type.utf8) + content
    let sum = UInt32(truncatingIfNeeded: crc32(0, body, UInt32(body.count)))
    return bigEndian(UInt32(content.count)) + body + bigEndian(sum)
  }

  private static func bigEndian(_ value: UInt32) -> Data {
    withUnsafeBytes(of: value.bigEndian) { Data($0) }
  }

  private static func plainText(_ content: [UInt8]) -> PNGImage.Text? {
    guard let end = content.firstIndex(of: 0) else { return nil }
    return PNGImage.Text(latin1(content[..<end]), latin1(content[(end + 1)...]))
  }

  /// Compressed texts are skipped.
  private static func unicodeText(_ content: [UInt8]) -> PNGImage.Text? {
    guard let end = content.firstIndex(of: 0), end + 2 < content.count, content[end + 1] == 0 else { return nil }
    let rest = content[(end + 3)...].split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
    guard rest.count == 3 else { return nil }
    return PNGImage.Text(latin1(content[..<end]), String(decoding: rest[2], as: UTF8.self))
  }

  private static func latin1(_ bytes: ArraySlice<UInt8>) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }
}
