import Networks
import Tensors

/// What each rank of several holds of the networks.
public struct ShardingSettings: Sendable {
  public enum Mode: String, CaseIterable, Sendable {
    /// Every rank holds everything.
    case none
    /// Moments are divided among the ranks (ZeRO-1).
    case optimizer
    /// The blocks' weights, gradients, moments and averages too (ZeRO-3, FSDP2).
    case full
  }

  public let teacher: Mode
  public let student: Mode
  public let fakeTeacher: Mode
  /// How many processes share one copy of the weights; nil is all of them.
  public let groupSize: Int?
  /// Whether the teacher's blocks wait in the host's memory.
  public let offloadsTeacher: Bool

  init(_ s: SettingsReader) {
    teacher = s.choice(
      "teacher", default: Mode.none, affects: .speed,
      "The frozen weights, which adapters share: none, each process has all; full, each has its rows of every block.")
    student = s.choice(
      "student", default: Mode.none, affects: .speed,
      "none: each process has all of the student; optimizer: its rows of the moments; full: its rows of the blocks' weights, gradients, moments and averages."
    )
    fakeTeacher = s.choice("fake-teacher", default: Mode.none, affects: .speed, "The same for the fake teacher.")
    let size = s.integer(
      "group-size", default: 0, in: .nonNegative, affects: .speed,
      "How many neighbouring processes share one copy of what is divided (hybrid sharding): as many as a machine has GPUs, and weights travel within it, only gradients between machines. 0: all."
    )
    groupSize = size == 0 ? nil : size
    offloadsTeacher = s.boolean(
      "offload-teacher", default: false, affects: .speed,
      "Keep the frozen blocks in the host's memory, and copy each to the device when it runs.")
    s.require(
      size != 1, at: "group-size", "one process alone has nobody to divide with: expected 2 or more, or 0 for all")
    s.require(
      size == 0 || [teacher, student, fakeTeacher].contains { $0 != .none }, at: "group-size",
      "nothing is divided: set teacher, student or fake-teacher")
    s.require(teacher != .optimizer, at: "teacher", "a frozen teacher has no optimizer: expected none or full")
  }

  /// Whether any network's blocks are divided.
  var dividesBlocks: Bool { [teacher, student, fakeTeacher].contains(.full) }

  private init() {
    (teacher, student, fakeTeacher) = (.none, .none, .none)
    (groupSize, offloadsTeacher) = (nil, false)
  }
  static let none = ShardingSettings()

  /// How the networks that a role's closure makes are divided.
  func making<R>(
    _ role: KeyPath<ShardingSettings, Mode>, over mesh: DeviceMesh, _ make: () throws -> R
  ) rethrows -> R {
    let isDivided = self[keyPath: role] == .full && mesh.all.count > 1
    let isOffloaded = role == \.teacher && offloadsTeacher
    guard isDivided || isOffloaded else { return try make() }
    let sharding = Sharding(over: isDivided ? mesh : .single, offloaded: isOffloaded)
    return try Sharding.$current.withValue(sharding, operation: make)
  }
}
