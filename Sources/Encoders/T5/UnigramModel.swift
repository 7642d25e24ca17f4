/// Divides words into the pieces of a vocabulary whose scores have the largest sum (Kudo, arXiv 1804.10959), like SentencePiece
/// and transformers' fast tokenizers.
struct UnigramModel {
  let scores: [Double]
  let unknown: Int
  private let ids: [[UInt8]: Int]
  /// The length of the longest piece in bytes.
  private let longest: Int
  /// The score of a character that no piece has.
  private let unknownScore: Double

  /// - Parameter pieces: in the order of their ids.
  init(_ pieces: [(piece: String, score: Double)], unknown: Int) {
    scores = pieces.map(\.score)
    self.unknown = unknown
    // Strings would be equal that are written differently.
    ids = Dictionary(pieces.enumerated().map { (Array($1.piece.utf8), $0) }) { first, _ in first }
    longest = pieces.map { $0.piece.utf8.count }.max() ?? 0
    unknownScore = (scores.min() ?? 0) - 10
  }

  func id(of piece: String) -> Int? { ids[Array(piece.utf8)] }

  /// Viterbi's algorithm over the positions between characters. Neighbouring unknown characters are one piece.
  func encode(_ word: ArraySlice<Unicode.Scalar>) -> [Int] {
    let bytes = word.map { Array(UTF8.encode($0)!) }
    let count = bytes.count
    // The best way to each position: its score, and the id and the beginning of its last piece.
    var best = [(score: Double, id: Int, start: Int)?](repeating: nil, count: count + 1)
    best[0] = (0, unknown, 0)
    for start in 0..<count {
      guard let before = best[start]?.score else { continue }
      func offer(_ id: Int, _ score: Double, to end: Int) {
        if best[end].map({ before + score > $0.score }) ?? true { best[end] = (before + score, id, start) }
      }
      var piece = [UInt8]()
      var coversOne = false
      for end in start..<count {
        piece += bytes[end]
        guard piece.count <= longest else { break }
        guard let id = ids[piece] else { continue }
        offer(id, scores[id], to: end + 1)
        if end == start { coversOne = true }
      }
      if !coversOne { offer(unknown, unknownScore, to: start + 1) }
    }
    var result = [Int]()
    var position = count
    while position > 0, let step = best[position] {
      if step.id != unknown || result.last != unknown { result.append(step.id) }
      position = step.start
    }
    return result.reversed()
  }
}
