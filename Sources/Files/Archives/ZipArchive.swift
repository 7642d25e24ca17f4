import CZlib
import Foundation
import Tensors

/// A ZIP archive: the location of each entry in the mapped file. Only uncompressed entries can be read.
///
/// Sizes and offsets come from the central directory, since the sizes in the entries' own headers may be zero.
/// Checksums are compared only by `checkSums`, which reads the whole file.
struct ZipArchive {
  let file: MappedFile
  private let entries: [String: Entry]

  fileprivate struct Entry {
    let name: String
    /// The offset of the entry's own header.
    let header: Int
    let data: Range<Int>
    let isCompressed: Bool
    /// CRC-32 of the uncompressed bytes.
    let sum: UInt32
  }

  var names: some Collection<String> { entries.keys }

  func contains(_ name: String) -> Bool { entries[name] != nil }

  /// The range of an entry's bytes in the file; nil if there is no such entry.
  ///
  /// - Throws: `Failure.malformed` if it is compressed.
  func bytes(_ name: String) throws -> Range<Int>? {
    guard let entry = entries[name] else { return nil }
    guard !entry.isCompressed else {
      throw Failure(
        .malformed, at: "\(file.path): \(name)", "it is compressed; only what is stored as it is can be mapped",
        advice: "Write the file again with `torch.save`, or pack the archive with `zip -0`.")
    }
    return entry.data
  }

  /// - Throws: `Failure.malformed` naming an entry whose bytes have changed since they were written.
  func checkSums() throws {
    for entry in entries.values {
      let sum = file.withBytes(entry.data.lowerBound, entry.data.count) { bytes in
        entry.isCompressed ? Self.sumOfInflated(bytes) : Self.sum(bytes, after: 0)
      }
      guard sum == entry.sum else {
        throw Failure(
          .malformed, at: "\(file.path): \(entry.name)", "the entry is damaged: its checksum is another",
          advice: "Copy or download the file again.")
      }
    }
  }

  private static func sum(_ bytes: UnsafeRawBufferPointer, after sum: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32_z(UInt(sum), bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
  }

  /// CRC-32 of the decompressed bytes; nil if they cannot be decompressed.
  private static func sumOfInflated(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
    var stream = z_stream()
    // Without zlib's header, which ZIP omits.
    guard inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      return nil
    }
    defer { inflateEnd(&stream) }
    stream.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
    stream.avail_in = UInt32(clamping: bytes.count)
    var total: UInt32 = 0
    return withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { part in
      while true {
        stream.next_out = part.bindMemory(to: UInt8.self).baseAddress
        stream.avail_out = UInt32(part.count)
        let status = inflate(&stream, Z_NO_FLUSH)
        total = sum(UnsafeRawBufferPointer(rebasing: part[..<(part.count - Int(stream.avail_out))]), after: total)
        if status == Z_STREAM_END { return total }
        guard status == Z_OK else { return nil }
      }
    }
  }

  static func isOne(_ file: MappedFile) -> Bool {
    file.count >= 4 && file.withBytes(0, 4) { $0.elementsEqual([0x50, 0x4B, 3, 4]) }
  }

  /// - Throws: `Failure.malformed` if the archive is cut short, or an entry extends beyond the file or overlaps another
  ///   one.
  init(_ file: MappedFile) throws {
    self.file = file
    let reader = Reader(file: file)
    let directory = try reader.directory()
    var entries: [String: Entry] = [:]
    var taken: [(range: Range<Int>, name: String)] = []
    var position = directory.bytes.lowerBound
    for _ in 0..<directory.count {
      let entry = try reader.entry(&position, in: directory.bytes)
      guard entries.updateValue(entry, forKey: entry.name) == nil else {
        throw Failure(.malformed, at: "\(file.path): \(entry.name)", "the name occurs twice in the archive")
      }
      taken.append((entry.header..<entry.data.upperBound, entry.name))
    }
    taken.sort { $0.range.lowerBound < $1.range.lowerBound }
    for (previous, next) in zip(taken, taken.dropFirst()) where next.range.lowerBound < previous.range.upperBound {
      throw Failure(.malformed, at: "\(file.path): \(next.name)", "the entry overlaps '\(previous.name)'")
    }
    self.entries = entries
  }
}

/// Reads numbers at offsets that it checks first.
private struct Reader {
  let file: MappedFile

  /// The range of the central directory, and its number of entries.
  func directory() throws -> (bytes: Range<Int>, count: Int) {
    // The end record: 22 bytes and a comment of at most 65,535.
    guard
      let end = stride(from: file.count - 22, through: max(0, file.count - 22 - 0xFFFF), by: -1).first(where: {
        (try? number($0, 4)) == 0x0605_4B50 && (try? number($0 + 20, 2)) == file.count - $0 - 22
      })
    else { throw cut() }
    var (count, size, start) = (try number(end + 10, 2), try number(end + 12, 4), try number(end + 16, 4))
    var limit = end
    if end >= 20, try number(end - 20, 4) == 0x0706_4B50 {
      // ZIP64: a larger record, found through a locator before the end record.
      let record = try number(end - 12, 8)
      guard try number(record, 4) == 0x0606_4B50 else { throw cut() }
      (count, size, start) = (try number(record + 32, 8), try number(record + 40, 8), try number(record + 48, 8))
      limit = record
    }
    // An entry of the directory takes 46 bytes and its name.
    guard start <= limit, size <= limit - start, count <= size / 46 else { throw cut() }
    return (start..<start + size, count)
  }

  /// The entry of the central directory at `position`, which then moves past it.
  func entry(_ position: inout Int, in directory: Range<Int>) throws -> ZipArchive.Entry {
    guard directory.upperBound - position >= 46, try number(position, 4) == 0x0201_4B50 else { throw cut() }
    let (nameLength, extraLength) = (try number(position + 28, 2), try number(position + 30, 2))
    let extra = position + 46 + nameLength
    let next = extra + extraLength + (try number(position + 32, 2))
    guard next <= directory.upperBound else { throw cut() }
    let name = file.withBytes(position + 46, nameLength) { String(decoding: $0, as: UTF8.self) }
    let place = "\(file.path): \(name)"
    guard try number(position + 8, 2) & 1 == 0 else { throw Failure(.malformed, at: place, "it is encrypted") }
    let isCompressed = try number(position + 10, 2) != 0
    let narrow = [try number(position + 24, 4), try number(position + 20, 4), try number(position + 42, 4)]
    let wide = try widened(narrow, extra..<extra + extraLength)
    let (size, packed, header) = (wide[0], wide[1], wide[2])
    let sum = UInt32(truncatingIfNeeded: try number(position + 16, 4))
    position = next
    guard packed == size || isCompressed else {
      throw Failure(.malformed, at: place, "it has two sizes, \(packed) and \(size)")
    }
    guard header <= directory.lowerBound - 30, try number(header, 4) == 0x0403_4B50 else {
      throw Failure(.malformed, at: place, "the entry is not where the archive says")
    }
    let start = header + 30 + (try number(header + 26, 2)) + (try number(header + 28, 2))
    guard start <= directory.lowerBound, packed <= directory.lowerBound - start else {
      throw Failure(.malformed, at: place, "the entry reaches out of the archive", got: "\(packed) bytes")
    }
    return ZipArchive.Entry(
      name: name, header: header, data: start..<start + packed, isCompressed: isCompressed, sum: sum)
  }

  /// ZIP64's extra field holds, in this order, only the numbers that did not fit in 32 bits.
  private func widened(_ numbers: [Int], _ extra: Range<Int>) throws -> [Int] {
    var position = extra.lowerBound
    while extra.upperBound - position >= 4 {
      let (kind, length) = (try number(position, 2), try number(position + 2, 2))
      var field = position + 4
      guard length <= extra.upperBound - field else { throw cut() }
      position = field + length
      guard kind == 1 else { continue }
      return try numbers.map { narrow in
        guard narrow == 0xFFFF_FFFF else { return narrow }
        guard field + 8 <= position else { throw cut() }
        defer { field += 8 }
        return try number(field, 8)
      }
    }
    return numbers
  }

  /// A little-endian number.
  private func number(_ position: Int, _ size: Int) throws -> Int {
    guard position >= 0, position <= file.count - size else { throw cut() }
    let value = file.withBytes(position, size) { $0.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
    guard let number = Int(exactly: value) else { throw cut() }
    return number
  }

  private func cut() -> Failure {
    Failure(
      .malformed, at: file.path, "the ZIP archive is damaged or cut short", advice: "Copy or download it again.")
  }
}
