import Tensors

/// Metrics of one training step.
public struct StepReport {
  /// Counts from 0.
  public let step: Int
  /// Loss and terms of each role. The fake teacher's are means over its updates.
  public private(set) var student = [(name: String, value: Double)]()
  public private(set) var fakeTeacher = [(name: String, value: Double)]()
  /// Norms over all gradients of a role, before clipping.
  public internal(set) var studentNorm = 0.0
  public internal(set) var fakeTeacherNorm = 0.0
  /// The norm for the objective's own parameters; nil if they have no optimizer of their own.
  public internal(set) var objectiveNorm: Double?
  /// The mean reward; nil if the step scored no samples.
  public internal(set) var reward: Double?
  /// The fake teacher's mean denoising error over its updates, unweighted; nil if the objective does not use it.
  public private(set) var denoisingError: Double?
  /// Per-sample numbers by name, all of the same length; empty on steps without diagnostics.
  public private(set) var columns = [(name: String, values: [Double])]()

  init(step: Int) { self.step = step }

  /// - Parameter share: the weight of this update in the step's mean.
  mutating func add(_ terms: LossTerms, role: Role, share: Double = 1) {
    for (name, value) in terms.values {
      switch role {
      case .student: Fewstep.add(value * share, to: name, in: &student)
      case .fakeTeacher: Fewstep.add(value * share, to: name, in: &fakeTeacher)
      }
    }
  }

  /// Adds the measurements of other ranks on their parts of the batch; `rows` are this rank's.
  mutating func gather(_ collective: any Collective, _ rows: Range<Int>, of batch: Int) throws {
    guard collective.count > 1 else { return }
    denoisingError = try denoisingError.map { try collective.sum([$0])[0] }
    for index in columns.indices {
      columns[index].values = try collective.gather(Tensor(columns[index].values), rows, of: batch).doubles()
    }
  }

  /// Gathers what is known about each sample in the student's update. If the objective did not use the two parts of
  /// DMD's signal, they are computed here from the teachers. Unknown values are NaN.
  ///
  /// - Parameter rewards: [B], nil if there is no reward.
  mutating func diagnose(_ scene: Scene, _ loss: Loss, rewards: Tensor?) throws {
    try noGrad {
      let unknown = Array(repeating: Double.nan, count: scene.samples.shape[0])
      let matching = try scene.distributionMatching
      let alignment = try scene.conditionalAlignment
      let real = try scene.realConditional
      let product = try (matching * alignment).meanPerSample()
      let sizes = (try size(matching), try size(alignment))
      append("prompt", scene.condition.promptIDs.map(Double.init))
      append("t", try scene.time.doubles())
      append("student-step", unknown.map { _ in scene.studentTime })
      append("reward", try rewards?.doubles() ?? unknown)
      append("advantage", scene.hasRewards ? try scene.advantage.values.doubles() : unknown)
      append("distance", try size(scene.samples.detached() - real).doubles())
      append("matching", try sizes.0.doubles())
      append("condition-gap", try scene.ifKnown("realUnconditional").map { try size(real - $0).doubles() } ?? unknown)
      append("alignment", try sizes.1.doubles())
      let isGuided = scene.matching.guidance.scale != 1
      append("cosine", isGuided ? try (product / (sizes.0 * sizes.1 + 1e-12)).doubles() : unknown)
      append("scale", try scene.scale.reshaped([-1]).doubles())
      let agreement = try loss.step.map { try ($0 * (matching + alignment)).meanPerSample() }
      append("flips", try agreement?.less(than: 0).to(.float32).doubles() ?? unknown)
      if let step = loss.step { append("update", try size(step).doubles()) }
      try addNotes(scene)
    }
  }

  /// Adds the column "zone": 1 for a sample whose reward is below `limit` while the fake teacher pushes it less than
  /// half the distance that the real teacher sees between it and the data. NaN if rewards or the limit are unknown.
  mutating func flagZones(below limit: Double?) {
    guard !columns.isEmpty else { return }
    func values(_ name: String) -> [Double] { columns.first { $0.name == name }?.values ?? [] }
    let (rewards, distances, pushes) = (values("reward"), values("distance"), values("matching"))
    let zones = rewards.indices.map { index in
      guard let limit, !rewards[index].isNaN else { return Double.nan }
      return rewards[index] < limit && pushes[index] < 0.5 * distances[index] ? 1.0 : 0
    }
    append("zone", zones)
  }

  mutating func add(denoisingError: Tensor?, share: Double) throws {
    guard let denoisingError else { return }
    self.denoisingError = try (self.denoisingError ?? 0) + mean(denoisingError.detached()).item() * share
  }

  mutating func addNotes(_ scene: Scene) throws {
    for note in scene.notes {
      guard note.values.count == scene.condition.count else {
        throw Failure(
          .software, at: "objective, note '\(note.name)' at step \(step)",
          "expected \(scene.condition.count) numbers, one per sample, got \(note.values.summary)")
      }
      append(note.name, try note.values.detached().reshaped([-1]).doubles())
    }
  }

  private mutating func append(_ name: String, _ values: [Double]) {
    if let index = columns.firstIndex(where: { $0.name == name }) {
      columns[index].values += values
    } else {
      columns.append((name, values))
    }
  }
}

/// A loss and its terms, added up over the parts of a batch.
struct LossTerms {
  private(set) var values = [(name: String, value: Double)]()

  mutating func add(_ loss: Loss, share: Double) throws {
    for (name, tensor) in [("loss", loss.total)] + loss.terms {
      Fewstep.add(try tensor.detached().item() * share, to: name, in: &values)
    }
  }

  /// Adds those of other ranks.
  ///
  /// - Throws: `TrainingError` naming the first value that is not finite.
  func summed(over collective: any Collective, role: Role, step: Int) throws -> LossTerms {
    var merged = self
    for (index, value) in try collective.sum(values.map(\.value)).enumerated() {
      let name = values[index].name
      guard value.isFinite else { throw TrainingError.notFinite(role: role.rawValue, quantity: name, step: step) }
      merged.values[index].value = value
    }
    return merged
  }
}

private func add(_ value: Double, to name: String, in list: inout [(name: String, value: Double)]) {
  if let index = list.firstIndex(where: { $0.name == name }) {
    list[index].value += value
  } else {
    list.append((name, value))
  }
}

/// The root mean square over each sample: [B].
private func size(_ x: Tensor) throws -> Tensor { try x.squared().meanPerSample().power(0.5) }
