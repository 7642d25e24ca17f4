import CTorch

/// What tensors and operators take, for profiles and plans.
public enum Measured {
  /// Bytes of tensors.
  public struct Bytes: Equatable, Sendable {
    public var current: Int
    /// The most at one time since the last `resetPeak`.
    public var peak: Int
  }

  /// Counts the bytes of this thread's tensors and the operations of its products while `body` runs, backward passes
  /// included. Synchronous only. Inside another measurement, that one goes on.
  public static func during<R>(_ body: () throws -> R) throws -> R {
    guard !ct_measuring() else { return try body() }
    try check(ct_measure(true), "Measured.during")
    defer { ct_measure(false) }
    return try body()
  }

  /// Bytes that were allocated since this thread began to measure. Meta tensors count as if they had memory.
  public static func bytes(on device: Device) -> Bytes {
    var (current, peak) = (Int64(0), Int64(0))
    ct_measured_bytes(device.code.type, &current, &peak)
    return Bytes(current: Int(current), peak: Int(peak))
  }

  public static func resetPeak(on device: Device) { ct_measured_reset_peak(device.code.type) }

  /// Floating-point operations of matrix products, convolutions and attention so far; a multiply-add is two.
  public static var operations: Double { ct_measured_operations() }
}
