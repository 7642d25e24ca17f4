import Tensors

/// This process's place among those that a launcher started together, as the launcher's environment variables tell it: torchrun,
/// Kubernetes, `fewstep launch` (RANK), Slurm's srun, or mpirun.
public struct DistributedEnvironment: Equatable, Sendable {
  public let rank: Int
  /// The number of processes, 2 or more.
  public let count: Int
  /// The rank among the processes on this machine, which chooses the GPU; nil if it is not known.
  public let localRank: Int?
  /// Whether all processes are on this machine.
  public let isLocal: Bool
  /// The number of processes on this machine, if it is known.
  public let localCount: Int?
  /// Where the processes find each other.
  public let host: String
  public let port: Int
  /// Whether the launcher serves the store there; otherwise the first rank does.
  public let hasAgentStore: Bool
  /// How often the launcher has started all of them again: its store remembers what the last ones wrote.
  public let restarts: Int

  private static let families = [
    Family(rank: "RANK", count: "WORLD_SIZE", localRank: "LOCAL_RANK", localCount: "LOCAL_WORLD_SIZE"),
    // A batch script has most of Slurm's variables too; only srun's processes have a step.
    Family(
      rank: "SLURM_PROCID", count: "SLURM_NTASKS", localRank: "SLURM_LOCALID", localCount: nil, marker: "SLURM_STEP_ID"),
    Family(
      rank: "OMPI_COMM_WORLD_RANK", count: "OMPI_COMM_WORLD_SIZE", localRank: "OMPI_COMM_WORLD_LOCAL_RANK",
      localCount: "OMPI_COMM_WORLD_LOCAL_SIZE"),
    Family(rank: "PMI_RANK", count: "PMI_SIZE", localRank: "MPI_LOCALRANKID", localCount: "MPI_LOCALNRANKS"),
  ]

  /// The names of a launcher's variables.
  private struct Family {
    let rank: String
    let count: String
    let localRank: String
    let localCount: String?
    /// A variable without which the others mean nothing.
    var marker: String?
  }

  /// nil for one process alone.
  ///
  /// - Throws: `Failure` naming the variable that is missing or wrong.
  public init?(_ variables: [String: String]) throws {
    var variables = variables
    // A step may have fewer tasks than its job, such as an interactive one.
    if let tasks = variables["SLURM_STEP_NUM_TASKS"] { variables["SLURM_NTASKS"] = tasks }
    func integer(_ name: String, in range: ClosedRange<Int>, _ meaning: String) throws -> Int {
      guard let text = variables[name], let value = Int(text), range.contains(value) else {
        throw Failure(
          .malformed, at: "the environment variable \(name)", expected: meaning, got: variables[name] ?? "none",
          advice: "A launcher sets it; without a launcher, unset it.")
      }
      return value
    }
    func optional(_ name: String?, below limit: Int) throws -> Int? {
      guard let name, variables[name] != nil else { return nil }
      return try integer(name, in: 0...limit, "0 to \(limit)")
    }
    if variables["RANK"] != nil, variables["WORLD_SIZE"] == nil {
      _ = try integer("WORLD_SIZE", in: 1...100_000, "the number of processes, since RANK is set")
    }
    guard
      let family = Self.families.first(where: {
        variables[$0.count] != nil && ($0.marker.map { variables[$0] != nil } ?? true)
      })
    else { return nil }
    count = try integer(family.count, in: 1...100_000, "the number of processes")
    guard count > 1 else { return nil }
    rank = try integer(family.rank, in: 0...count - 1, "a rank below \(count) (\(family.count))")
    localRank = try optional(family.localRank, below: count - 1)
    localCount = try optional(family.localCount, below: count)
    let isOneNode = variables["SLURM_STEP_ID"] != nil && variables["SLURM_STEP_NUM_NODES"] == "1"
    let isHere = localCount == count || isOneNode
    guard let host = variables["MASTER_ADDR"] ?? (isHere ? "127.0.0.1" : nil) else {
      throw Failure(
        .missing, at: "the environment variable MASTER_ADDR",
        "\(count) processes on several machines must find each other, and it is not set",
        advice: "Set it to the first machine's name"
          + (variables["SLURM_JOB_NODELIST"] == nil
            ? "." : ": export MASTER_ADDR=$(scontrol show hostnames \"$SLURM_JOB_NODELIST\" | head -n 1)"))
    }
    self.host = host
    isLocal = isHere || ["127.0.0.1", "localhost", "::1"].contains(host)
    let job = variables["SLURM_JOB_ID"].flatMap { Int($0) }
    // Jobs that share a machine need different ports.
    port =
      try variables["MASTER_PORT"] == nil
      ? 29500 + (job.map { $0 % 10_000 } ?? 0) : integer("MASTER_PORT", in: 1...65535, "a port")
    restarts = variables["TORCHELASTIC_RESTART_COUNT"].flatMap { Int($0) } ?? 0
    hasAgentStore = variables["TORCHELASTIC_USE_AGENT_STORE"] == "True"
  }

  /// This process's own device: cuda becomes the GPU of its local rank.
  ///
  /// - Parameters:
  ///   - device: the recipe's.
  ///   - visible: the number of CUDA devices that this process sees.
  /// - Throws: `Failure` if there is no such GPU, or if all ranks would share one.
  public func device(_ device: Device, named text: String, visible: Int) throws -> Device {
    guard case .cuda = device else { return device }
    guard text == "cuda" else {
      throw Failure(
        .malformed, at: "device", "\(count) processes would share one GPU", expected: "cuda", got: text,
        advice: "Each process takes the GPU of its local rank.")
    }
    if visible == 0, let absence = device.absence { throw Failure(.malformed, at: "device", absence) }
    // Some launchers show each process its own GPU alone.
    if visible == 1 { return .cuda(0) }
    let local = localRank ?? rank
    guard local < visible else {
      throw Failure(
        .malformed, at: "rank \(rank)", "its local rank is \(local), and this machine shows \(visible) GPUs",
        advice: "Start as many processes a machine as it has GPUs.")
    }
    return .cuda(local)
  }
}
