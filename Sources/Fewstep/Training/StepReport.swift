import Tensors

/// What one step has to say for itself.
public struct StepReport {
  public enum Role: Sendable {
    case student
    case fakeTeacher
  }

  /// Counts from 0.
  public let step: Int
  /// Loss and terms of each role; the fake teacher's are means over its updates.
  public private(set) var student = [(name: String, value: Double)]()
  public private(set) var fakeTeacher = [(name: String, value: Double)]()
  /// Norms of all gradients, before clipping.
  public internal(set) var studentNorm = 0.0
  public internal(set) var fakeTeacherNorm = 0.0
  /// The mean reward; nil where nothing was sensed.
  public internal(set) var reward: Double?
  /// Per-sample numbers by name, all of one length; empty on steps without diagnostics.
  public private(set) var columns = [(name: String, values: [Double])]()

  init(step: Int) { self.step = step }

  mutating func add(_ loss: Loss, role: Role, share: Double) throws {
    for (name, tensor) in [("loss", loss.total)] + loss.terms {
      let value = try tensor.detached().item() * share
      guard value.isFinite else {
        throw TrainingError.notFinite(
          role: role == .student ? "student" : "fake teacher", quantity: name, step: step)
      }
      switch role {
      case .student: Self.accumulate(name, value, in: &student)
      case .fakeTeacher: Self.accumulate(name, value, in: &fakeTeacher)
      }
    }
  }

  /// Gathers what a student's scene knows of each sample.
  mutating func diagnose(_ scene: Scene) throws {
    try noGrad {
      let matching = try scene.distributionMatching
      let alignment = try scene.conditionalAlignment
      let product = try (matching * alignment).meanPerSample()
      let norms = (
        try matching.squared().meanPerSample().power(0.5), try alignment.squared().meanPerSample().power(0.5)
      )
      append("prompt", scene.condition.prompts.map(Double.init))
      append("t", try scene.time.doubles())
      append("reward", try scene.reward.doubles())
      append("advantage", try scene.advantage.doubles())
      append("matching", try norms.0.doubles())
      append("alignment", try norms.1.doubles())
      append("cosine", try (product / (norms.0 * norms.1 + 1e-12)).doubles())
      append("scale", try scene.scale.reshaped([-1]).doubles())
      try addNotes(scene)
    }
  }

  mutating func addNotes(_ scene: Scene) throws {
    for note in scene.notes {
      guard note.values.count == scene.condition.count else {
        throw PluginError(
          "objective, note '\(note.name)' at step \(step)",
          "expected \(scene.condition.count) numbers, one a sample, got \(note.values.summary)")
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

  private static func accumulate(_ name: String, _ value: Double, in list: inout [(name: String, value: Double)]) {
    if let index = list.firstIndex(where: { $0.name == name }) {
      list[index].value += value
    } else {
      list.append((name, value))
    }
  }
}
