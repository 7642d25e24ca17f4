import CTorch
import Foundation

/// The libtorch that this process uses.
public enum Runtime {
  /// "1.13.1" or "2.13.0".
  public static var version: String { String(cString: ct_version()) }
  /// libtorch's own description of its build and threading, several lines.
  public static var configuration: String { String(cString: ct_configuration()) }
  /// The path of the loaded libtorch_cpu.
  public static var libraryPath: String { String(cString: ct_library_path()) }

  /// The number of threads that one operator may use.
  public static var threads: Int { Int(ct_threads()) }

  public static func setThreads(_ count: Int) throws { try check(ct_set_threads(Int32(count)), "setThreads") }

  /// One thread per core, unless OMP_NUM_THREADS says otherwise. By default libtorch uses half the cores because of
  /// hyper-threads, which a virtual machine may not have.
  public static func useAllCores() throws {
    guard ProcessInfo.processInfo.environment["OMP_NUM_THREADS"] == nil else { return }
    try setThreads(ProcessInfo.processInfo.activeProcessorCount)
  }

  /// Keeps freed CPU memory in the process for the next tensor: each step allocates what the last one freed, and
  /// getting it from the system every time costs page faults.
  public static func keepFreedMemory(bytes: Int = 1 << 30) { ct_keep_memory(Int64(bytes)) }

  /// Makes operators without a deterministic kernel throw instead of varying from run to run.
  public static func setDeterministic(_ value: Bool) throws {
    try check(ct_set_deterministic(value), "setDeterministic")
  }
}

/// What `autocast` casts to now; nil outside it.
public func autocastDType(on device: Device) -> DType? {
  device == .meta ? FakeTensorMode.autocastDType : DType(rawValue: ct_autocast_dtype(device.code.type))
}

/// Runs `body` with matrix products and convolutions of `device` in `dtype`; float32 turns autocast off in it, and nil changes
/// nothing.
///
/// Synchronous only: the mode is per thread.
public func autocast<R>(_ dtype: DType?, on device: Device, _ body: () throws -> R) throws -> R {
  guard let dtype else { return try body() }
  if device == .meta { return try FakeTensorMode.autocast(dtype == .float32 ? nil : dtype, body) }
  let off: Int32 = -1
  var before = off
  try check(ct_autocast(device.code.type, dtype == .float32 ? off : dtype.rawValue, &before), "autocast")
  defer { _ = ct_autocast(device.code.type, before, nil) }
  return try body()
}
