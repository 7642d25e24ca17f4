import Files
import Foundation
import Networks
import Tensors

/// Facts about a run before it trains: its networks, its schedule of events, the disk space that it needs, and the time
/// per step.
public struct Preflight: Encodable {
  public struct Role: Encodable {
    public let parameters: Int
    public let trained: Int
    public let tensors: Int
    /// Losses of one update; empty before `takeSteps`.
    public fileprivate(set) var losses = [String: Double]()
    public fileprivate(set) var gradientNorm = 0.0

    init(_ parameters: ParameterStore) {
      self.parameters = parameters.count
      trained = parameters.trainable.reduce(0) { $0 + $1.count }
      tensors = parameters.all.count
    }
  }

  /// One of the student's times, and the noise schedule at that time.
  public struct Step: Encodable {
    public let time: Double
    public let alpha: Double
    public let sigma: Double
    public let timestep: Double
  }

  /// Disk space in bytes.
  public struct Disk: Encodable {
    public let checkpoint: Int
    public let needed: Int
    public let free: Int
  }

  public let sampleShape: [Int]
  public let prompts: Int
  public private(set) var student: Role
  public private(set) var fakeTeacher: Role
  /// ω
  public let guidance: Double
  public let steps: [Step]
  /// The student's passes that make a sample of an update, on average.
  public let studentPasses: Double
  /// The schedule of events by step, in words.
  public let calendar: [String]
  public let disk: Disk
  /// 0 before `takeSteps`.
  public private(set) var secondsPerStep = 0.0

  /// Computes everything except the trial steps.
  public init(_ recipe: Recipe, _ components: TrainingComponents) throws {
    sampleShape = components.backbone.sampleShape
    prompts = components.backbone.prompts.count
    student = Role(components.student.parameters)
    fakeTeacher = Role(components.fakeTeacher.parameters)
    guidance = recipe.matching.guidance.scale
    let schedule = components.teacher.schedule
    steps = recipe.steps.map {
      Step(time: $0, alpha: schedule.alpha($0), sigma: schedule.sigma($0), timestep: schedule.timestep($0))
    }
    studentPasses = recipe.matching.steps.meanPasses(recipe.steps.count)
    calendar = Self.calendar(recipe, components)
    disk = try Self.disk(recipe, components)
  }

  /// Takes two training steps, since the first one also warms up. Saves nothing from them.
  public mutating func takeSteps(_ recipe: Recipe, _ components: TrainingComponents) throws {
    let trainer = try Trainer(recipe, components: components)
    _ = try trainer.step()
    let start = Date()
    let report = try trainer.step()
    secondsPerStep = -start.timeIntervalSinceNow
    student.losses = Dictionary(report.student.map { ($0.name, $0.value) }) { $1 }
    student.gradientNorm = report.studentNorm
    fakeTeacher.losses = Dictionary(report.fakeTeacher.map { ($0.name, $0.value) }) { $1 }
    fakeTeacher.gradientNorm = report.fakeTeacherNorm
  }

  private static func calendar(_ recipe: Recipe, _ components: TrainingComponents) -> [String] {
    let (total, output) = (recipe.training.steps, recipe.output)
    var lines = ["\(total) steps, each one student update and \(recipe.fakeTeacherUpdates) fake-teacher updates"]
    if recipe.steps.count > 1 { lines.append(matched(recipe)) }
    if let interval = components.objective.groupAdvantage?.interval {
      lines.append("rewards at \(interval == 1 ? "every step" : times(every: interval, from: 0, total - 1))")
    }
    if output.sampleEvery > 0, output.samples != 0 {
      lines.append("sample grids after \(times(every: output.sampleEvery, from: output.sampleEvery, total))")
    }
    lines.append(
      "checkpoints after \(times(every: output.checkpointEvery, from: output.checkpointEvery, total)), "
        + "the last \(output.keep) are kept")
    if let evaluation = recipe.evaluation {
      let teacher = evaluation.teacherSteps.map { "\($0)" }.joined(separator: " and ")
      lines.append(
        "then \(evaluation.samples) samples each of the student and of the teacher at the student's times"
          + (teacher.isEmpty ? "" : " and in \(teacher) steps"))
    }
    return lines
  }

  private static func matched(_ recipe: Recipe) -> String {
    let (count, matched) = (recipe.steps.count, recipe.matching.steps)
    let passes = matched.meanPasses(count)
    let cost = "\(passes == passes.rounded() ? "\(Int(passes))" : "\(passes)") passes of the student make a sample"
    return switch matched {
    case .all:
      "each update takes one of the student's \(count) steps, all matched as one distribution; \(cost) on average"
    case .last: "each update takes the student's last step, which is matched alone; \(cost)"
    case .stepAware: "each update takes one of the student's \(count) steps, each matched by itself; \(cost) on average"
    }
  }

  /// "0, 8, 16 ... 992"; if counting starts at a whole interval, the end counts too.
  private static func times(every interval: Int, from first: Int, _ end: Int) -> String {
    let last = first > end ? end : first + (end - first) / interval * interval
    let final = first > 0 ? end : last
    let times = stride(from: first, through: end, by: interval).prefix(4) + (final > last || first > end ? [final] : [])
    guard times.count > 4 || (times.last ?? end) < final else { return times.map { "\($0)" }.joined(separator: ", ") }
    return times.prefix(3).map { "\($0)" }.joined(separator: ", ") + " ... \(final)"
  }

  private static func disk(_ recipe: Recipe, _ components: TrainingComponents) throws -> Disk {
    // All weights but the teacher's own that adapters share, two moments for each trained weight, and the average.
    let networks =
      [components.student.parameters, components.fakeTeacher.parameters]
      + [components.objective.parameters].compactMap { $0 }
    var numbers = 0
    let trained = { (network: ParameterStore) in network.trainable.reduce(0) { $0 + $1.count } }
    for network in networks { numbers += network.state.reduce(0) { $0 + $1.tensor.count } + 2 * trained(network) }
    if recipe.ema != nil { numbers += trained(components.student.parameters) }
    let size = 4 * numbers
    let folder = FileManager.default.fileExists(atPath: "runs") ? "runs" : FileManager.default.currentDirectoryPath
    return Disk(checkpoint: size, needed: size * recipe.checkpointsAtOnce, free: try DiskSpace.available(at: folder))
  }
}
