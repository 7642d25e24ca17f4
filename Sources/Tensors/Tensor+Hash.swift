import Foundation

/// FNV-1a over shapes, dtypes and bytes, 64 bits in hexadecimal: equal tensors have equal hashes on every machine.
public func hash(_ tensors: [Tensor]) throws -> String {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
  for tensor in tensors {
    for byte in tensor.summary.utf8 { mix(byte) }
    try tensor.withBytes { for byte in $0 { mix(byte) } }
  }
  return String(format: "%016lx", hash)
}
