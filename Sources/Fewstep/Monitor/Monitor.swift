import Foundation
import Tensors

/// Warns of likely problems in a run. It watches gradient norms at every step, and the student's samples for a fixed
/// batch at intervals.
public final class Monitor {
  public let settings: MonitorSettings
  let fixedBatch: FixedBatch
  /// The monitor's memory, which is stored with every checkpoint.
  var state = State()
  private var beforeValidation: State?

  struct State: Codable, Equatable {
    /// The last norms of each role's gradients.
    var norms = [String: [Double]]()
    /// How many times in a row a value has been past its threshold.
    var past = [String: Int]()
    /// Kinds of warnings that were given. Each is given once.
    var warned = [String]()
    /// The last step without a problem.
    var lastGood = 0
    var rollBacks = 0
    /// Mean and standard deviation of each reward over the first batch after the steps that are ignored.
    var baseline = [String: [Double]]()
    /// The fake teacher's error in the last step; nil before the first.
    var trainingError: Double?
  }

  /// Samples the fixed batch from the teacher; nil if the recipe turns the monitor off.
  ///
  /// - Parameter progress: called with how many samples are made, and of how many.
  public init?(_ recipe: Recipe, components: TrainingComponents, progress: (Int, Int) -> Void = { _, _ in }) throws {
    guard recipe.monitor.every > 0 else { return nil }
    settings = recipe.monitor
    fixedBatch = try FixedBatch(recipe, components: components, progress: progress)
  }

  // MARK: Memory

  /// What a checkpoint stores: the memory from before the validation of its step.
  var saved: State { beforeValidation ?? state }

  func beginValidation() { beforeValidation = state }

  func restore(_ saved: State) {
    state = saved
    beforeValidation = nil
  }

  // MARK: Measuring

  /// Compares the gradient norms of a step with those before it.
  func warnings(of report: StepReport) -> [Warning] {
    beforeValidation = nil
    state.trainingError = report.denoisingError
    return [("student", report.studentNorm), ("fake teacher", report.fakeTeacherNorm)].compactMap { role, norm in
      let last = state.norms[role] ?? []
      state.norms[role] = Array((last + [norm]).suffix(Self.memory))
      guard last.count >= Self.memory / 2 else { return nil }
      let median = last.sorted()[last.count / 2]
      guard median > 0, norm > settings.gradientNorm * median else { return nil }
      return first(.gradientNorm, report.step + 1, norm / median, settings.gradientNorm, "the \(role)'s")
    }
  }

  /// Metrics of the fixed batch, and the warnings that follow from them.
  ///
  /// - Parameter progress: called with how many samples are made, and of how many.
  func evaluate(step: Int, progress: (Int, Int) -> Void) throws -> (report: MonitorReport, warnings: [Warning]) {
    let (student, error) = try fixedBatch.measure(progress)
    let both = student.pixels.flatMap { own in fixedBatch.teacher.pixels.map { (own, $0) } }
    let report = MonitorReport(
      step: step, mean: student.mean, std: student.std, diversity: student.diversity,
      meanShift: try fixedBatch.meanShift(of: student), energyDistance: try fixedBatch.energyDistance(of: student),
      brightness: both.map { $0.brightness - $1.brightness }, saturation: both.map { $0.saturation(over: $1) },
      denoisingError: error, trainingError: state.trainingError,
      goodhartGap: step >= settings.ignoreFirstSteps ? goodhartGap(student.rewards) : nil, rewards: student.rewards)
    return (report, check(report))
  }

  /// A warning that training cannot continue.
  func warning(of error: TrainingError, step: Int) -> Warning {
    Warning(kind: .notFinite, step: step, value: .nan, threshold: .infinity, detail: error.subject)
  }

  // MARK: Judging

  private func check(_ report: MonitorReport) -> [Warning] {
    guard report.step >= settings.ignoreFirstSteps else {
      state.lastGood = report.step
      return []
    }
    let teacher = fixedBatch.teacher
    let ratio = report.std / teacher.std
    let values: [(kind: Warning.Kind, value: Double?, limit: Double)] = [
      (.meanShift, report.meanShift, settings.meanShift), (.std, max(ratio, 1 / ratio), settings.std),
      (.diversity, report.diversity / teacher.diversity, settings.diversity),
      (.brightness, report.brightness.map(abs), settings.brightness),
      (.saturation, report.saturation, settings.saturation),
      (.fakeTeacherGap, report.fakeTeacherGap, settings.fakeTeacherGap),
      (.goodhartGap, report.goodhartGap, settings.goodhartGap),
    ]
    var warnings = [Warning]()
    for (kind, value, limit) in values {
      // NaN counts as past every threshold.
      let isPast = value.map { kind == .diversity ? !($0 >= limit) : !($0 <= limit) } ?? false
      let count = isPast ? (state.past[kind.rawValue] ?? 0) + 1 : 0
      state.past[kind.rawValue] = count
      let detail =
        switch kind {
        case .std: ratio < 1 ? "times less" : "times more"
        case .brightness: (report.brightness ?? 0) < 0 ? "darker" : "brighter"
        default: ""
        }
      if count >= 2, let value { first(kind, report.step, value, limit, detail).map { warnings.append($0) } }
    }
    if state.past.values.allSatisfy({ $0 == 0 }) { state.lastGood = report.step }
    return warnings
  }

  private func first(_ kind: Warning.Kind, _ step: Int, _ value: Double, _ limit: Double, _ detail: String)
    -> Warning?
  {
    guard !state.warned.contains(kind.rawValue) else { return nil }
    state.warned.append(kind.rawValue)
    return Warning(kind: kind, step: step, value: value, threshold: limit, detail: detail)
  }

  /// The training reward's gain since the first batch after the steps that are ignored, minus the held-out rewards' mean
  /// gain, each in its standard deviation over that batch, or over the teacher's samples if that is larger.
  private func goodhartGap(_ rewards: [(name: String, values: [Double])]) -> Double? {
    if state.baseline.isEmpty {
      for (made, wanted) in zip(rewards, fixedBatch.teacher.rewards) {
        state.baseline[made.name] = [
          average(made.values), max(standardDeviation(made.values), standardDeviation(wanted.values)),
        ]
      }
    }
    let gains = rewards.compactMap { name, values in
      state.baseline[name].map { (name, (average(values) - $0[0]) / max($0[1], 1e-6)) }
    }
    let held = gains.filter { $0.0 != "reward" }.map(\.1)
    guard let training = gains.first(where: { $0.0 == "reward" })?.1, !held.isEmpty else { return nil }
    return training - average(held)
  }

  /// The number of steps whose norms are remembered.
  private static let memory = 100
}
