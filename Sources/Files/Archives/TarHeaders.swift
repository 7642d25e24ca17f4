import Tensors

/// Iterates over a tar archive's headers: blocks of 512 bytes, each followed by content that is padded to whole blocks.
struct TarHeaders {
  private static let block = 512
  /// The limit for headers with a longer name or attributes: far above the need of any path.
  private static let maximumNote = 1 << 20

  let file: MappedFile
  private var position = 0
  /// Values that apply to the next member, and to all.
  private var longName: String?
  private var attributes: [String: String] = [:]
  private var globalAttributes: [String: String] = [:]

  init(file: MappedFile) { self.file = file }

  /// The next plain file; nil at the end.
  mutating func next() throws -> TarFile.Member? {
    while position < file.count {
      guard file.count - position >= Self.block else { throw position == 0 ? notTar : cut("a header") }
      if isZero(position) { return nil }
      try checkSum()
      let kind = UnicodeScalar(byte(position + 156))
      let isNote = "LKxg".unicodeScalars.contains(kind)
      let all = globalAttributes.merging(attributes) { $1 }
      let name = isNote ? text(0, 100) : all["path"] ?? longName ?? shortName()
      // Links, devices and folders have no content, whatever their size.
      let hasContent = !("1"..."6").contains(kind)
      let told = isNote ? nil : all["size"]
      let size = !hasContent ? 0 : try told.map { try decimal($0, name) } ?? number(124, 12, name)
      let start = position + Self.block
      guard size <= file.count - start else { throw cut("'\(name)', of \(size) bytes") }
      // The last content may end with the file.
      position = start + min((size + Self.block - 1) / Self.block * Self.block, file.count - start)
      switch kind {
      case "L": longName = try note(start, size)
      case "K": break  // a long target of a link
      case "x": attributes = try pairs(start, size)
      case "g": globalAttributes.merge(try pairs(start, size)) { $1 }
      default:
        let isSparse = kind == "S" || all.keys.contains { $0.hasPrefix("GNU.sparse.") }
        (longName, attributes) = (nil, [:])
        if isSparse { throw wrong(name, "a sparse file, which is not read") }
        let isFile = ["0", "\0", "7"].contains(kind) && !name.hasSuffix("/")
        if isFile { return TarFile.Member(name: name, offset: start, size: size) }
      }
    }
    return nil
  }

  // MARK: Fields of the header at `position`

  /// ustar splits a name into two fields; GNU uses the second field for something else.
  private func shortName() -> String {
    let prefix = text(257, 6) == "ustar" ? text(345, 155) : ""
    return prefix.isEmpty ? text(0, 100) : "\(prefix)/\(text(0, 100))"
  }

  private func text(_ offset: Int, _ length: Int) -> String {
    file.withBytes(position + offset, length) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// Octal digits, or GNU's big-endian binary if the first bit is set.
  private func number(_ offset: Int, _ length: Int, _ name: String) throws -> Int {
    if byte(position + offset) & 0x80 != 0 {
      let digits = file.withBytes(position + offset, length) { Array($0) }
      // 0x80 alone, followed by at most 63 bits: anything larger, or negative, is invalid.
      guard digits[0] == 0x80, digits.dropFirst().prefix(length - 9).allSatisfy({ $0 == 0 }), digits[length - 8] < 0x80
      else { throw wrong(name, "its size is not possible") }
      return digits.suffix(8).reduce(0) { $0 << 8 | Int($1) }
    }
    let digits = text(offset, length).filter { $0 != " " }
    guard let value = digits.isEmpty ? 0 : Int(digits, radix: 8), value >= 0 else {
      throw wrong(name, "its size is not a number", got: "'\(digits)'")
    }
    return value
  }

  private func decimal(_ digits: String, _ name: String) throws -> Int {
    guard let value = Int(digits), value >= 0 else {
      throw wrong(name, "its size is not possible", got: "'\(digits)'")
    }
    return value
  }

  /// Checks the sum of the header's bytes, with spaces in place of the sum itself.
  private func checkSum() throws {
    let sum = file.withBytes(position, Self.block) { header in
      header.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
    }
    let digits = text(148, 8).filter { $0 != " " }
    guard Int(digits, radix: 8) == sum else {
      if position == 0 { throw notTar }
      throw Failure(
        .malformed, at: file.path, "the header at byte \(position) is damaged: its checksum is wrong",
        advice: "Download it again.")
    }
  }

  // MARK: Notes

  private func note(_ start: Int, _ size: Int) throws -> String {
    guard size <= Self.maximumNote else { throw wrong("a long name", "it has \(size) bytes") }
    return file.withBytes(start, size) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// pax: lines "length key=value". The length includes the whole line.
  private func pairs(_ start: Int, _ size: Int) throws -> [String: String] {
    guard size <= Self.maximumNote else { throw wrong("attributes", "they have \(size) bytes") }
    var rest = file.withBytes(start, size) { Array($0) }[...]
    var pairs: [String: String] = [:]
    while let first = rest.first, first != 0 {
      guard let space = rest.firstIndex(of: UInt8(ascii: " ")),
        let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length > space - rest.startIndex + 1,
        length <= rest.count
      else { throw wrong("attributes", "they are damaged") }
      let line = rest[(space + 1)..<(rest.startIndex + length - 1)]
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { throw wrong("attributes", "they are damaged") }
      pairs[String(decoding: line[..<equals], as: UTF8.self)] =
        String(decoding: line[(equals + 1)...], as: UTF8.self)
      rest = rest[(rest.startIndex + length)...]
    }
    return pairs
  }

  // MARK: Bytes

  private func byte(_ place: Int) -> UInt8 { file.withBytes(place, 1) { $0[0] } }

  private func isZero(_ place: Int) -> Bool { file.withBytes(place, Self.block) { $0.allSatisfy { $0 == 0 } } }

  private var notTar: Failure {
    Failure(
      .malformed, at: file.path, "not a tar archive",
      advice: "A compressed archive (.tar.gz) must be unpacked first: `gunzip` leaves the .tar.")
  }

  private func cut(_ what: String) -> Failure {
    Failure(
      .malformed, at: file.path, "the archive ends in the middle of \(what)",
      advice: "It was cut short: download it again.")
  }

  private func wrong(_ name: String, _ problem: String, got: String? = nil) -> Failure {
    Failure(.malformed, at: "\(file.path): \(name)", problem, got: got, advice: "Download the archive again.")
  }
}
