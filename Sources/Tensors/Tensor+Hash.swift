import Foundation

/// FNV-1a over shapes, dtypes and bytes, 64 bits in hexadecimal: equal tensors have equal hashes on every machine.
public func hash(_ tensors: [Tensor]) throws -> String {
  var hash = FNV()
  for tensor in tensors {
    hash.mix(tensor.summary.utf8)
    try tensor.withBytes { hash.mix($0) }
  }
  return hash.text
}

/// The same over bytes alone.
public func hash(_ bytes: some Sequence<UInt8>) -> String {
  var hash = FNV()
  hash.mix(bytes)
  return hash.text
}

/// The same over a text's UTF-8.
public func hash(_ text: String) -> String { hash(text.utf8) }

private struct FNV {
  private var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func mix(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
  }

  var text: String { String(format: "%016lx", value) }
}
