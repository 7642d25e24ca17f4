import Foundation

/// Identifies this build of the program: the linker's hash of the whole executable (GNU build ID).
enum BuildIdentity {
  /// Hexadecimal digits; nil if the linker wrote none.
  static let current: String? = {
    guard let file = try? Data(contentsOf: URL(fileURLWithPath: "/proc/self/exe"), options: .alwaysMapped) else {
      return nil
    }
    return file.withUnsafeBytes(read)
  }()

  /// Reads a 64-bit ELF file: its program headers list the segments, and those of type 4 hold notes.
  private static func read(_ file: UnsafeRawBufferPointer) -> String? {
    func number<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Int {
      offset + MemoryLayout<Number>.size <= file.count ? Int(file.loadUnaligned(fromByteOffset: offset, as: type)) : 0
    }
    let (headers, size, count) = (number(UInt64.self, at: 32), number(UInt16.self, at: 54), number(UInt16.self, at: 56))
    for header in (0..<count).map({ headers + $0 * size }) where number(UInt32.self, at: header) == 4 {
      // Each note consists of the sizes of name and content, the type, the name and the content, each padded to 4
      // bytes. Type 3 is the build ID.
      var note = number(UInt64.self, at: header + 8)
      let end = min(file.count, note + number(UInt64.self, at: header + 32))
      while note + 12 <= end {
        let name = (number(UInt32.self, at: note) + 3) / 4 * 4
        let length = number(UInt32.self, at: note + 4)
        let content = note + 12 + name
        guard content + length <= end else { break }
        if number(UInt32.self, at: note + 8) == 3, file[note + 12..<content].elementsEqual(Array("GNU\0".utf8)) {
          return file[content..<content + length].map { String(format: "%02x", $0) }.joined()
        }
        note = content + (length + 3) / 4 * 4
      }
    }
    return nil
  }
}
