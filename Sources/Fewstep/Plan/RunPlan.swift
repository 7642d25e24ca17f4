import Files
import Tensors

/// What a run takes before it starts: memory by role, operations, hours, and what would make it fit.
public struct RunPlan: Encodable {
  /// A trained network, with the bytes of its parts of the state.
  public struct Role: Encodable {
    public let name: String
    public let parameters: Int
    public let trained: Int
    /// With adapters on the teacher's memory, the adapters' only.
    public let weights: Int
    public let gradients: Int
    public let moments: Int
    public let average: Int
  }

  /// A part of the step in which memory is largest.
  public struct Part: Encodable {
    public let path: [String]
    public let peakBytes: Int
    /// Of all samples of a step.
    public let operations: Double
  }

  /// Settings with which the step takes less.
  public struct Proposal: Encodable {
    /// As for `--set`.
    public let settings: [String]
    /// The most bytes on the device during a step.
    public let peak: Int
    public let operations: Double
  }

  /// What one process sends to a group of ranks, of which the highest is `lastRank`.
  public struct Traffic: Encodable {
    public let lastRank: Int
    public let bytes: Double
  }

  public let samples: Int
  public let microBatchSize: Int
  /// All numbers of memory and operations are those of one of so many processes; roles' parameters are whole.
  public let processes: Int
  /// What the first process sends to others in a step, and all of it together.
  public let traffic: [Traffic]
  public let sentBytes: Double
  public let roles: [Role]
  /// Bytes on the device between steps that are no role's: the frozen teacher, decoders, rewards.
  public let frozen: Int
  public let resident: Int
  /// The most bytes on the device during a step.
  public let peak: Int
  public let parts: [Part]
  /// Bytes of one checkpoint, and of all that are kept at one time.
  public let checkpoint: Int
  public let disk: Int
  /// Floating-point operations of a step; a multiply-add is two.
  public let operations: Double
  public let steps: Int
  public let precision: String
  /// How often a step of two micro-batches at most reads values from the device, and waits for it.
  public let reads: Int
  /// Whether the reward's networks are left out, because their files are missing.
  public let leavesOutReward: Bool

  /// Traces one step of a recipe on shapes alone.
  ///
  /// - Parameter processes: among which the recipe's batch, and what its `sharding` says, is divided.
  /// - Throws: what `fewstep check` would say of the recipe; weights and prompts need not be there.
  public init(_ node: YAMLNode, catalog: Catalog, processes: Int = 1) throws {
    let recipe = try Recipe(node, catalog: catalog, on: .meta)
    try recipe.checkDivisible(by: processes)
    let trace = try TracedStep(node, catalog: catalog, processes: processes)
    self.processes = processes
    let scale = Double(recipe.training.batch) / Double(trace.samples)
    let inMicroBatches = trace.sent.inMicroBatches.map { Traffic(lastRank: $0.lastRank, bytes: $0.bytes * scale) }
    traffic = (inMicroBatches + trace.sent.once).filter { $0.bytes > 0 }
    sentBytes = traffic.reduce(0) { $0 + $1.bytes }
    samples = recipe.training.batch
    microBatchSize = recipe.training.microBatchSize
    roles = trace.roles
    frozen = trace.resident - roles.reduce(0) { $0 + $1.weights + $1.moments + $1.average }
    resident = trace.resident
    peak = trace.peak
    parts = trace.parts.map { Part(path: $0.path, peakBytes: $0.peakBytes, operations: $0.ownOperations * scale) }
    operations = parts.filter { $0.path.first == Span.step.rawValue }.reduce(0) { $0 + $1.operations }
    checkpoint = trace.checkpoint
    disk = checkpoint * recipe.checkpointsAtOnce
    steps = recipe.training.steps
    reads = trace.reads
    leavesOutReward = trace.leavesOutReward
    precision = recipe.resolved["backbone"]?.leaves["precision"] ?? "float32"
  }

  /// Seconds of a step at a share of the device's speed.
  public func seconds(on device: Accelerator, efficiency: Double) -> Double {
    operations / ((precision == "float32" ? device.fullSpeed : device.halfSpeed) * efficiency)
  }

  private var sharded: [[String]] {
    [
      ["sharding.student=optimizer", "sharding.fake-teacher=optimizer"], ["sharding.teacher=full"],
      ["sharding.student=full", "sharding.fake-teacher=full"],
    ]
  }

  /// Seconds in which a process sends what a step needs, if nothing overlaps with the computation.
  ///
  /// - Parameters:
  ///   - perNode: the processes on a machine, whose links are the device's own.
  ///   - network: bytes a second between machines, for each process.
  public func communicationSeconds(on device: Accelerator, perNode: Int, network: Double) -> Double {
    traffic.reduce(0) { $0 + $1.bytes / ($1.lastRank < perNode ? device.link : min(device.link, network)) }
  }

  /// Changes of the recipe, one more each time, until a step fits into so many bytes. Each is traced.
  ///
  /// - Parameter set: the recipe with settings replaced, as for `--set`.
  /// - Returns: what was tried in order. The last one fits, or nothing does.
  public func proposals(
    fitting bytes: Int, catalog: Catalog, _ set: ([String]) throws -> YAMLNode
  ) throws -> [Proposal] {
    var settings = [String]()
    var tried = [Proposal]()
    let changes =
      [
        microBatchSize > 1 ? ["training.micro-batches=\(samples)"] : [],
        ["backbone.gradient-checkpointing=true"], ["matching.guidance-passes=2"], ["backbone.precision=bfloat16"],
      ] + (processes > 1 ? sharded : []) + [
        ["sharding.offload-teacher=true"], ["student.lora.rank=64", "fake-teacher.lora.rank=64"],
      ]
    for change in changes where !change.isEmpty {
      guard let plan = try? RunPlan(set(settings + change), catalog: catalog, processes: processes),
        plan.peak < tried.last?.peak ?? peak
      else { continue }
      settings += change
      tried.append(Proposal(settings: settings, peak: plan.peak, operations: plan.operations))
      if plan.peak <= bytes { break }
    }
    return tried
  }
}
