import Networks
import Tensors

/// An optimizer with its learning-rate schedule and its limit on the gradient norm.
///
/// With several ranks the gradients are summed over them, and the moments may be divided among them.
public final class ScheduledOptimizer {
  public let optimizer: any Optimizer
  private let mesh: DeviceMesh
  /// The parameters that every rank holds, and those of them whose moments are divided, with this rank's rows.
  private let whole: [Parameter]
  private let divided: DividedParameters?
  private let reducer: GradientReducer?
  /// The role whose parameters are optimized, for errors: "student".
  private let role: String
  private let schedule: LearningRateSchedule
  private let gradientLimit: Double?

  /// - Parameter isDivided: whether each rank holds the moments of its rows only.
  init(
    _ parameters: [Parameter], _ settings: OptimizationSettings, steps: Int, role: String,
    over mesh: DeviceMesh = .single, isDivided: Bool = false
  ) throws {
    self.mesh = mesh
    whole = parameters.filter { $0.shard == nil }
    divided = isDivided && mesh.all.count > 1 ? try DividedParameters(whole, over: mesh) : nil
    reducer = mesh.all.count > 1 ? try GradientReducer(whole, over: mesh.all, dividedInto: divided) : nil
    let rows = divided.map { divided in parameters.map { $0.shard == nil ? divided.rows(of: $0) : $0 } }
    optimizer = try settings.makeOptimizer(of: rows ?? parameters)
    schedule = settings.schedule(total: steps)
    gradientLimit = settings.gradientLimit
    self.role = role
  }

  /// One step along the gradients.
  ///
  /// - Parameters:
  ///   - step: counted from 0, for the schedule.
  ///   - factor: multiplies the learning rate.
  /// - Returns: the gradients' norm before clipping.
  /// - Throws: `TrainingError.notFinite` before anything is changed.
  func step(_ step: Int, factor: Double = 1) throws -> Double {
    if let reducer { try span(.communication) { try reducer.finish() } }
    let norm = try clipGradients(optimizer.parameters, to: gradientLimit, over: mesh.shard)
    guard norm.isFinite else { throw TrainingError.notFinite(role: role, quantity: "gradient norm", step: step) }
    try optimizer.step(factor: factor * schedule.factor(at: step))
    if let divided { try span(.communication) { try divided.gather() } }
    return norm
  }

  /// Runs the backward pass of a part of the batch. In the last one gradients travel while it runs.
  ///
  /// - Parameter isLast: whether it is the step's last, and no other calls of the collective are made in it.
  func backward(isLast: Bool, _ run: () throws -> Void) throws {
    guard isLast, let reducer else { return try run() }
    try reducer.during(lastBackward: run)
  }

  /// Forgets the gradients of an unfinished step.
  func dropGradients() throws {
    try reducer?.drop()
    try optimizer.dropGradients()
    for parameter in whole { try parameter.value.setGradient(nil) }
  }

  /// One step down `loss`.
  ///
  /// - Returns: the loss, and the gradients' norm before clipping.
  func minimize(_ loss: Tensor, step: Int) throws -> (loss: Double, gradientNorm: Double) {
    try loss.backward()
    let norm = try self.step(step)
    return (try loss.item(), norm)
  }
}
