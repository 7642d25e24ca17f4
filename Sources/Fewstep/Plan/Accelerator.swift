import Tensors

/// A device to plan for: its memory, and the speed that its maker states for dense products.
public struct Accelerator: Codable, Equatable, Sendable {
  public let name: String
  /// Bytes.
  public let memory: Int
  /// Floating-point operations a second in bfloat16 with float32 sums, without sparsity.
  public let halfSpeed: Double
  /// The same in float32, without TF32, which libtorch does not use for matrix products unless it is told to.
  public let fullSpeed: Double
  /// Bytes a second that it sends to others in its machine: NVLink's in one direction, or PCIe's 16 lanes.
  public let link: Double

  private init(_ name: String, gigabytes: Int, half: Double, full: Double, link: Double) {
    (self.name, memory, halfSpeed, fullSpeed) = (name, gigabytes << 30, half * 1e12, full * 1e12)
    self.link = link * 1e9
  }

  /// From the makers' data sheets.
  public static let known = [
    Accelerator("rtx3090", gigabytes: 24, half: 71, full: 35.6, link: 32),
    Accelerator("rtx4090", gigabytes: 24, half: 165, full: 82.6, link: 32),
    Accelerator("l40s", gigabytes: 48, half: 362, full: 91.6, link: 32),
    Accelerator("a100-40gb", gigabytes: 40, half: 312, full: 19.5, link: 300),
    Accelerator("a100", gigabytes: 80, half: 312, full: 19.5, link: 300),
    Accelerator("h100", gigabytes: 80, half: 989, full: 67, link: 450),
    Accelerator("h200", gigabytes: 141, half: 989, full: 67, link: 450),
    Accelerator("b200", gigabytes: 180, half: 2250, full: 75, link: 900),
  ]

  /// - Throws: `Failure` with the known names.
  public init(named name: String) throws {
    guard let found = Self.known.first(where: { $0.name == name.lowercased() }) else {
      throw Failure(
        .usage, at: "--device \(name)", "this device is not known",
        expected: Self.known.map(\.name).joined(separator: ", "), got: name)
    }
    self = found
  }

  /// What tensors can use: the driver and libtorch's libraries take some, and freed blocks do not always fit again.
  public var usable: Int { memory - 1 << 30 - memory / 20 }
}
