import Files
import Media
import Tensors

/// The files that grow during a run: diagnostics, monitor metrics, and curves and images for TensorBoard.
struct RunLogger {
  private let recipe: Recipe
  private let folder: RunFolder
  private let diagnostics: MetricTable
  private let monitored: MetricTable?
  private let events: EventFile

  /// - Parameters:
  ///   - scorers: external scorers by their reward's key.
  ///   - step: the step at which the run continues. Records of later steps by an earlier process are dropped, and those of
  ///     this one's validation, which is repeated.
  init(
    _ folder: RunFolder, _ recipe: Recipe, _ monitor: Monitor?, scorers: [(key: String, scorer: Fingerprint)],
    from step: Int
  ) throws {
    self.recipe = recipe
    self.folder = folder
    diagnostics = try MetricTable(
      folder.diagnostics, from: step, interval: recipe.output.diagnosticsEvery,
      capacity: recipe.output.diagnosticsRows,
      attributes: (monitor?.fixedBatch.zoneReward.map { [("zone-reward", .number($0))] } ?? [])
        + scorers.flatMap { $0.scorer.prefixed("scorer.\($0.key)").parts.sorted { $0.key < $1.key } }
        .map { ($0.key, .string($0.value)) })
    monitored = try monitor.map { monitor in
      try MetricTable(
        folder.monitor, from: step, interval: monitor.settings.every, capacity: 1000, chunk: 64,
        attributes: monitor.fixedBatch.attributes)
    }
    events = try EventFile(folder: folder.path, resumingAt: step > 0 ? step : nil)
  }

  func add(_ report: StepReport) throws {
    if !report.columns.isEmpty {
      try diagnostics.append(step: report.step, report.columns.map { ($0.name, try Tensor($0.values)) })
    }
    guard report.step % recipe.output.logEvery == 0 else { return }
    var scalars = report.student.map { (tag: "student/\($0.name)", value: $0.value) }
    scalars += report.fakeTeacher.map { (tag: "fake-teacher/\($0.name)", value: $0.value) }
    scalars.append((tag: "student/gradient-norm", value: report.studentNorm))
    scalars.append((tag: "fake-teacher/gradient-norm", value: report.fakeTeacherNorm))
    if let norm = report.objectiveNorm { scalars.append((tag: "objective/gradient-norm", value: norm)) }
    if let reward = report.reward { scalars.append((tag: "reward", value: reward)) }
    try events.add(scalars: scalars, step: report.step)
  }

  func add(_ report: MonitorReport) throws {
    try monitored?.append(step: report.step, report.columns)
    let known = report.scalars.filter { !$0.value.isNaN }
    try events.add(scalars: known.map { (tag: "monitor/\($0.name)", value: $0.value) }, step: report.step)
  }

  /// Scores of a small evaluation.
  func add(_ scores: [(name: String, value: Double)], step: Int) throws {
    try events.add(
      scalars: scores.filter(\.value.isFinite).map { (tag: "evaluation/\($0.name)", value: $0.value) },
      step: step)
  }

  func add(_ image: PNGImage?, step: Int) throws {
    guard let image else { return }
    try image.write(to: "\(folder.samples)/step-\(step).png")
    try events.add(image: image, tag: "samples", step: step)
  }

  func closeRows() throws {
    try diagnostics.close()
    try monitored?.close()
  }

  func close() throws {
    try closeRows()
    try events.close()
  }
}

extension FixedBatch {
  /// The attributes of monitor.h5 as a whole.
  fileprivate var attributes: [(name: String, value: HDF5Attribute)] {
    [
      ("prompts", .integers(prompts)), ("teacher.mean", .number(teacher.mean)),
      ("teacher.std", .number(teacher.std)), ("teacher.diversity", .number(teacher.diversity)),
    ] + teacher.rewards.map { ("teacher.\($0.name)", .numbers($0.values)) }
  }
}
