import Foundation

/// Makes ZIP archives, including invalid ones.
struct ZipBytes {
  var method: UInt16 = 0
  /// Changes the sizes and the offset that the directory gives for an entry.
  var claims: (inout (size: Int, header: Int)) -> Void = { _ in }
  /// Whether the numbers are in ZIP64's fields.
  var isWide = false

  func archive(_ entries: [(name: String, data: [UInt8])]) -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for (name, data) in entries {
      let header = file.count
      file += number(0x0403_4B50, 4) + [UInt8](repeating: 0, count: 22) + number(name.utf8.count, 2) + [3, 0]
      file += name.utf8 + [0, 0, 0] + data
      var claim = (size: data.count, header: header)
      claims(&claim)
      let extra =
        isWide
        ? number(9, 2) + number(1, 2) + [7] + number(1, 2) + number(24, 2) + number(claim.size, 8)
          + number(claim.size, 8) + number(claim.header, 8) : []
      let size = isWide ? 0xFFFF_FFFF : claim.size
      directory += number(0x0201_4B50, 4) + [0, 0, 0, 0, 0, 0] + number(Int(method), 2)
      directory += [UInt8](repeating: 0, count: 8) + number(size, 4) + number(size, 4)
      directory += number(name.utf8.count, 2) + number(extra.count, 2) + [UInt8](repeating: 0, count: 10)
      directory += number(isWide ? 0xFFFF_FFFF : claim.header, 4) + name.utf8 + extra
    }
    let start = file.count
    file += directory
    if isWide {
      let record = file.count
      file += number(0x0606_4B50, 4) + [UInt8](repeating: 0, count: 28) + number(entries.count, 8)
      file += number(directory.count, 8) + number(start, 8)
      file += number(0x0706_4B50, 4) + [0, 0, 0, 0] + number(record, 8) + [1, 0, 0, 0]
    }
    file += number(0x0605_4B50, 4) + [0, 0, 0, 0] + number(entries.count, 2) + number(entries.count, 2)
    file += number(isWide ? 0xFFFF_FFFF : directory.count, 4) + number(isWide ? 0xFFFF_FFFF : start, 4) + [0, 0]
    return file
  }

  private func number(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

/// Parts of pickles in protocol 2.
enum PickleBytes {
  static let start: [UInt8] = [0x80, 2]

  static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

  static func text(_ text: String) -> [UInt8] { Array("X".utf8) + [UInt8(text.utf8.count), 0, 0, 0] + text.utf8 }

  static func integer(_ value: Int) -> [UInt8] {
    [0x8A, 8] + (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  static func tuple(_ items: [[UInt8]]) -> [UInt8] { Array("(".utf8) + items.flatMap { $0 } + Array("t".utf8) }

  /// A pickle of a single tensor.
  static func tensor(
    type: String = "FloatStorage", key: String = "0", count: Int = 4, offset: Int = 0, shape: [Int] = [4],
    strides: [Int] = [1]
  ) -> [UInt8] {
    let storage =
      tuple([text("storage"), global("torch", type), text(key), text("cpu"), integer(count)]) + Array("Q".utf8)
    let parts = [storage, integer(offset), tuple(shape.map(integer)), tuple(strides.map(integer)), [0x89]]
    return start + global("torch._utils", "_rebuild_tensor_v2") + tuple(parts) + Array("R.".utf8)
  }
}
