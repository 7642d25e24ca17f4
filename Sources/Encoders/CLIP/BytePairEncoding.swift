import Synchronization

/// Byte-pair encoding of single words (Sennrich et al., arXiv 1508.07909) over UTF-8 bytes, as in CLIP: a word's last
/// symbol ends in `</w>`.
final class BytePairEncoding: Sendable {
  static let endOfWord = "</w>"

  /// The symbol that two adjacent symbols are merged into, and the merge's rank.
  private struct Merge {
    var rank: Int
    var symbol: Int
  }

  let vocabulary: [String: Int]
  private let merges: [Int: Merge]
  /// The symbols of the 256 bytes, inside a word and at its end.
  private let inner: [Int]
  private let last: [Int]
  /// Words repeat: for most words of a prompt this cache is enough.
  private let known = Mutex<[[UInt8]: [Int]]>([:])
  private static let mostKnown = 1 << 17

  /// - Parameters:
  ///   - merges: pairs in the order of merging.
  ///   - unknown: the id of bytes that the vocabulary lacks.
  /// - Throws: the number of the first merge (from 0) with a token that the vocabulary lacks, and the token.
  init(vocabulary: [String: Int], merges pairs: [(String, String)], unknown: Int) throws(UnknownToken) {
    var merges = [Int: Merge](minimumCapacity: pairs.count)
    for (rank, (left, right)) in pairs.enumerated() {
      func symbol(_ token: String) throws(UnknownToken) -> Int {
        guard let symbol = vocabulary[token] else { throw UnknownToken(token: token, rank: rank) }
        return symbol
      }
      let pair = Self.pair(try symbol(left), try symbol(right))
      merges[pair] = Merge(rank: rank, symbol: try symbol(left + right))
    }
    self.vocabulary = vocabulary
    self.merges = merges
    inner = Self.letters.map { vocabulary[$0] ?? unknown }
    last = Self.letters.map { vocabulary[$0 + Self.endOfWord] ?? unknown }
  }

  struct UnknownToken: Error {
    var token: String
    var rank: Int
  }

  /// The word's tokens.
  func encode(_ word: [UInt8]) -> [Int] {
    if let found = known.withLock({ $0[word] }) { return found }
    let tokens = merged(word)
    known.withLock { if $0.count < Self.mostKnown { $0[word] = tokens } }
    return tokens
  }

  /// Merges the pairs of the lowest rank, wherever they are, until none is left. Each token is made by one merge, so
  /// the pairs that it forms with its neighbors always come later.
  private func merged(_ word: [UInt8]) -> [Int] {
    var symbols = word.dropLast().map { inner[Int($0)] } + word.suffix(1).map { last[Int($0)] }
    while let (pair, symbol) = firstMerge(symbols) {
      var shorter = [Int]()
      shorter.reserveCapacity(symbols.count)
      var index = 0
      while index < symbols.count {
        let isPair = index + 1 < symbols.count && Self.pair(symbols[index], symbols[index + 1]) == pair
        shorter.append(isPair ? symbol : symbols[index])
        index += isPair ? 2 : 1
      }
      symbols = shorter
    }
    return symbols
  }

  private func firstMerge(_ symbols: [Int]) -> (pair: Int, symbol: Int)? {
    var found: (pair: Int, merge: Merge)?
    for (left, right) in zip(symbols, symbols.dropFirst()) {
      let pair = Self.pair(left, right)
      if let merge = merges[pair], merge.rank < found?.merge.rank ?? .max { found = (pair, merge) }
    }
    return found.map { ($0.pair, $0.merge.symbol) }
  }

  /// Packs two symbols into one key: a vocabulary is far smaller than 2³².
  private static func pair(_ left: Int, _ right: Int) -> Int { left << 32 | right }

  /// The printable character for each byte (Radford et al., 2019): the byte itself if it is printable, otherwise a
  /// character from U+0100 on.
  static let letters: [String] = {
    var next: UInt32 = 256
    return (0..<256).map { (byte: UInt32) in
      let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
      defer { if !isPrintable { next += 1 } }
      return Unicode.Scalar(isPrintable ? byte : next).map(String.init) ?? ""
    }
  }()
}
