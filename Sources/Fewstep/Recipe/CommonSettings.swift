import Tensors

/// The settings at the start of every recipe.
struct CommonSettings {
  let name: String
  let seed: Int
  let device: Device
  let threads: Int?

  init(_ s: SettingsReader, on other: Device? = nil) {
    name = s.string("name", affects: .records, "The run's name, and its folder's below runs/.")
    let isFolder = s.text("name").map { !$0.isEmpty && !$0.hasPrefix(".") && !$0.contains("/") } ?? true
    s.require(
      isFolder, at: "name", "'\(name)' names no folder: expected a text without '/' that does not begin with '.'")
    seed = s.integer("seed", default: 0, in: .nonNegative, "All random numbers are a function of it.")
    let text = s.string("device", default: "cpu", "cpu, cuda or cuda:N.")
    let named = Device(name: text)
    device = other ?? named ?? .cpu
    s.device = device
    s.require(named != nil && named != .meta, at: "device", "'\(text)' is not cpu, cuda or cuda:N")
    let count = s.integer(
      "threads", default: 0, in: .closed(0, 1024), affects: .speed, "CPU threads of one operator; 0 takes one a core.")
    threads = count == 0 ? nil : count
  }
}

/// Limits above any useful value, yet small enough that products of such values and lists of that length are possible.
extension Bounds {
  static let steps = Bounds.closed(1, 1_000_000_000)
  static let batch = Bounds.closed(1, 1_000_000)
}
