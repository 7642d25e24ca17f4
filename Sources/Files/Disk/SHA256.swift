import Foundation
import Tensors

/// SHA-256 (FIPS 180-4), the hash that identifies published weights.
public enum SHA256 {
  /// The hash of a file, in hexadecimal.
  ///
  /// - Throws: `Failure` if the file cannot be read.
  public static func hash(of path: String) throws -> String {
    let file = try MappedFile(path)
    return file.withBytes(0, file.count) { hash($0) }
  }

  /// The hash of a list of strings in order, each by its length and its UTF-8. It identifies lists of prompts.
  public static func hash(_ strings: [String]) -> String {
    let bytes = strings.flatMap { Array("\($0.utf8.count):\($0)".utf8) }
    return bytes.withUnsafeBytes { hash($0) }
  }

  /// The hash of bytes in memory.
  public static func hash(_ bytes: UnsafeRawBufferPointer) -> String {
    var state = initial
    let whole = bytes.count / 64 * 64
    for start in stride(from: 0, to: whole, by: 64) {
      mix(UnsafeRawBufferPointer(rebasing: bytes[start..<start + 64]), into: &state)
    }
    // The remaining bytes, a one bit, zeros, and the length in bits.
    var end = Array(bytes[whole...]) + [0x80]
    end += Array(repeating: 0, count: (120 - end.count) % 64)
    end += withUnsafeBytes(of: UInt64(bytes.count * 8).bigEndian, Array.init)
    for start in stride(from: 0, to: end.count, by: 64) {
      end[start..<start + 64].withUnsafeBytes { mix($0, into: &state) }
    }
    return state.map { String(format: "%08x", $0) }.joined()
  }

  private static func mix(_ block: UnsafeRawBufferPointer, into state: inout [UInt32]) {
    func rotated(_ x: UInt32, _ count: UInt32) -> UInt32 { x >> count | x << (32 - count) }
    let constants = constants
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { w in
      for i in 0..<16 { w[i] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)) }
      for i in 16..<64 {
        let early = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ w[i - 15] >> 3
        let late = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ w[i - 2] >> 10
        w[i] = w[i - 16] &+ early &+ w[i - 7] &+ late
      }
      for i in 0..<64 {
        let sumE = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
        let first = h &+ sumE &+ (e & f ^ ~e & g) &+ constants[i] &+ w[i]
        let sumA = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
        let second = sumA &+ (a & b ^ a & c ^ b & c)
        (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
      }
    }
    for (i, value) in [a, b, c, d, e, f, g, h].enumerated() { state[i] &+= value }
  }

  private static let primes = (2...311).filter { n in !(2..<n).contains { n % $0 == 0 } }
  /// The first 32 bits of the fractional parts of the square roots of the first eight primes.
  private static let initial = primes.prefix(8).map { fraction(Double($0).squareRoot()) }
  /// The same for the cube roots of the first 64 primes.
  private static let constants = primes.map { fraction(cbrt(Double($0))) }

  private static func fraction(_ x: Double) -> UInt32 { UInt32((x - x.rounded(.down)) * 4_294_967_296) }
}
