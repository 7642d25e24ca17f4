/// The text of a Swift file without comments and without the letters of its strings. The code inside `\(...)` stays.
struct SourceText {
  var code: String { String(decoding: read, as: UTF8.self) }
  private let bytes: [UInt8]
  private var place = 0
  private var read = [UInt8]()

  init(_ text: String) {
    bytes = Array(text.utf8)
    readCode(isInterpolation: false)
  }

  private var isAtEnd: Bool { place >= bytes.count }

  private func stands(_ word: [UInt8]) -> Bool { bytes[place...].starts(with: word) }

  /// Passes over `word` if it stands here.
  private mutating func pass(_ word: [UInt8]) -> Bool {
    guard stands(word) else { return false }
    place += word.count
    return true
  }

  /// - Parameter isInterpolation: whether to end at the parenthesis that closes it.
  private mutating func readCode(isInterpolation: Bool) {
    var depth = 0
    while !isAtEnd {
      switch bytes[place] {
      case Self.slash where stands([Self.slash, Self.slash]):
        while !isAtEnd, bytes[place] != Self.newline { place += 1 }
        continue
      case Self.slash where pass(Self.commentStart):
        skipComment()
        continue
      case Self.hash, Self.quote:
        if readLiteral() { continue }
      case Self.open where isInterpolation: depth += 1
      case Self.close where isInterpolation:
        if depth == 0 { return }
        depth -= 1
      default: break
      }
      read.append(bytes[place])
      place += 1
    }
  }

  /// Comments may contain comments.
  private mutating func skipComment() {
    var depth = 1
    while !isAtEnd, depth > 0 {
      if pass(Self.commentStart) { depth += 1 } else if pass(Self.commentEnd) { depth -= 1 } else { place += 1 }
    }
  }

  /// Passes over a string, or over a regular expression between `#/` and `/#`, that begins here; false if none does.
  private mutating func readLiteral() -> Bool {
    let start = place
    while !isAtEnd, bytes[place] == Self.hash { place += 1 }
    let marks = Array(bytes[start..<place])
    let quotes = [[Self.quote, Self.quote, Self.quote], [Self.quote]] + (marks.isEmpty ? [] : [[Self.slash]])
    guard let quote = quotes.first(where: stands) else {
      place = start
      return false
    }
    place += quote.count
    let isExpression = quote == [Self.slash]
    while !isAtEnd, !pass(quote + marks) {
      if isExpression {
        place += bytes[place] == Self.backslash ? 2 : 1
      } else if pass([Self.backslash] + marks) {
        if pass([Self.open]) {
          read.append(Self.space)
          readCode(isInterpolation: true)
          read.append(Self.space)
        }
        place += 1
      } else {
        place += 1
      }
    }
    return true
  }

  private static let (newline, space, hash, quote) = (
    UInt8(ascii: "\n"), UInt8(ascii: " "), UInt8(ascii: "#"), UInt8(ascii: "\"")
  )
  private static let (slash, backslash) = (UInt8(ascii: "/"), UInt8(ascii: "\\"))
  private static let (open, close) = (UInt8(ascii: "("), UInt8(ascii: ")"))
  private static let (commentStart, commentEnd) = (Array("/*".utf8), Array("*/".utf8))
}
