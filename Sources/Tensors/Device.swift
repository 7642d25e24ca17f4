import CTorch

/// The device of a tensor.
public enum Device: Hashable, Sendable, CustomStringConvertible {
  case cpu
  case cuda(Int)
  /// Shapes without memory: a full-size network can be built and listed on this device.
  case meta

  /// "cpu", "cuda", "cuda:1" or "meta".
  public init?(name: String) {
    switch name {
    case "cpu": self = .cpu
    case "cuda": self = .cuda(0)
    case "meta": self = .meta
    default:
      guard name.hasPrefix("cuda:"), let index = Int(name.dropFirst(5)), 0..<128 ~= index else { return nil }
      self = .cuda(index)
    }
  }

  public var description: String {
    switch self {
    case .cpu: "cpu"
    case .cuda(let index): "cuda:\(index)"
    case .meta: "meta"
    }
  }

  /// The number of CUDA devices this libtorch sees.
  public static var cudaCount: Int { Int(ct_cuda_devices()) }

  /// The device `places` further: cuda:1 after cuda:0; the CPU stays the CPU.
  public func following(by places: Int) -> Device {
    if case .cuda(let index) = self { .cuda(index + places) } else { self }
  }

  /// An error message if the device is unavailable; nil if it is available.
  public var absence: String? {
    guard case .cuda(let index) = self, index >= Self.cudaCount else { return nil }
    return "'\(self)' is not there; this libtorch \(Runtime.version) sees \(Self.cudaCount) CUDA devices"
  }

  /// - Throws: `Failure` if this device is unavailable; `place` is the option or the key that named it.
  public func requirePresence(_ place: String) throws {
    if let absence { throw Failure(.malformed, at: place, absence) }
  }

  /// c10::DeviceType and index.
  var code: (type: Int32, index: Int32) {
    switch self {
    case .cpu: (0, -1)
    case .cuda(let index): (1, Int32(index))
    case .meta: (14, -1)
    }
  }

  init(type: Int32, index: Int32) {
    switch type {
    case 1: self = .cuda(Int(max(index, 0)))
    case 14: self = .meta
    default: self = .cpu
    }
  }
}
