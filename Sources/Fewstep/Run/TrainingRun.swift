import Media
import Networks
import Processes
import Tensors

/// Runs a trainer in its folder. Every rank of a `Collective` has one. The first rank's `Journal` decides what happens
/// after a step, and all ranks do it.
public final class TrainingRun {
  public enum Ending: Sendable {
    case finished
    /// A checkpoint was saved at this step; `--resume` continues from it.
    case interrupted(step: Int)
    /// As above, because of a warning.
    case stopped(Warning)
  }

  /// The callbacks of a run, on the first rank.
  public struct Observer {
    /// Called after every step.
    public var step: (StepReport) -> Void
    public var warning: (Warning) -> Void
    /// A line for the user, such as that a sample grid was left out.
    public var note: (String) -> Void
    /// The progress of validation: its name, how much is done, how much there is.
    public var validating: (_ name: String, _ done: Int, _ total: Int) -> Void
    /// An image of the student's samples, for the grid; nil leaves it out. Its parameter is called with how many samples are
    /// made, and of how many.
    public var image: (_ progress: (Int, Int) -> Void) throws -> PNGImage?
    /// The scores of a small evaluation by name, "frechet-distance"; nil makes none. Its parameter is that of `image`.
    public var evaluate: ((_ progress: (Int, Int) -> Void) throws -> [(name: String, value: Double)])?

    public init(
      step: @escaping (StepReport) -> Void = { _ in }, warning: @escaping (Warning) -> Void = { _ in },
      note: @escaping (String) -> Void = { _ in }, validating: @escaping (String, Int, Int) -> Void = { _, _, _ in },
      image: @escaping (_ progress: (Int, Int) -> Void) throws -> PNGImage? = { _ in nil },
      evaluate: ((_ progress: (Int, Int) -> Void) throws -> [(name: String, value: Double)])? = nil
    ) {
      self.step = step
      self.warning = warning
      self.note = note
      self.validating = validating
      self.image = image
      self.evaluate = evaluate
    }

    var validation: Validation { Validation(note: note, progress: validating) }
  }

  /// How the run continues after a step.
  enum Decision: Int {
    case proceed, stop, rollBack, finish
  }

  public let trainer: Trainer
  public let folder: RunFolder
  /// On the first rank only.
  let journal: Journal?
  /// Whether a checkpoint was loaded since the last step. It is from before the validation of its step, which is repeated.
  private var isLoaded = false
  private var collective: any Collective { trainer.collective }

  /// Makes the folder, or with `resume` continues from its last checkpoint. The teacher samples the monitor's fixed batch.
  ///
  /// - Parameter progress: called with how many of those samples are made, and of how many.
  /// - Throws: `Failure` if another process trains in the folder, or if the checkpoint is of another recipe or damaged.
  public init(
    _ trainer: Trainer, folder: RunFolder, resume: Bool, progress: (Int, Int) -> Void = { _, _ in }
  ) throws {
    self.trainer = trainer
    self.folder = folder
    isLoaded = resume
    trainer.checkpointRequests = CheckpointRequests(trainer)
    journal = try trainer.collective.aborting {
      if trainer.isSharded { try folder.requireShared(by: trainer.collective) }
      var journal: Journal?
      _ = try trainer.collective.agree {
        journal = try Journal(trainer, folder, resume: resume, progress: progress)
        return 0
      }
      if resume { try trainer.synchronize() }
      return journal
    }
  }

  /// Trains to the end of the recipe, to `limit` steps, until interrupted or until a warning stops it.
  ///
  /// - Throws: `TrainingError` if training has diverged and the recipe does not allow a roll-back.
  public func run(until limit: Int? = nil, _ observer: Observer = Observer()) throws -> Ending {
    try collective.aborting {
      let total = trainer.recipe.training.steps
      let stop = min(limit ?? total, total)
      var decision = Decision.proceed
      if trainer.stepCount == 0 {
        _ = try agreed {
          try journal?.begin(observer)
          return .proceed
        }
      }
      if trainer.stepCount > 0, isLoaded { decision = try validateAgain(observer) }
      while trainer.stepCount < stop, decision != .stop, decision != .finish, try !isInterrupted() {
        decision = try advance(before: stop, observer)
      }
      let isFinished =
        try !isInterrupted() && ((trainer.stepCount == total && decision != .stop) || decision == .finish)
      // No rank ends before the first has saved.
      let warning = try collective.fromFirst { () -> Warning? in
        try journal?.finish(exporting: isFinished)
        return decision == .stop ? journal?.warnings.last : nil
      }
      if let warning { return .stopped(warning) }
      return isFinished ? .finished : .interrupted(step: trainer.stepCount)
    }
  }

  /// Takes one step, and acts on its outcome.
  private func advance(before stop: Int, _ observer: Observer) throws -> Decision {
    isLoaded = false
    let decision: Decision
    do {
      let report = try trainer.step()
      decision = try agreed { try journal?.decide(after: report, before: stop, observer) }
    } catch let error as TrainingError {
      // Training has diverged on all ranks alike.
      decision = try agreed { try journal?.decide(after: error, observer) }
      guard decision == .rollBack else { throw error }
    }
    return decision == .rollBack ? try validateAgain(observer) : decision
  }

  /// Repeats the validation of the step whose checkpoint was loaded. It may lead to an earlier one.
  private func validateAgain(_ observer: Observer) throws -> Decision {
    isLoaded = false
    var decision = Decision.rollBack
    while decision == .rollBack { decision = try agreed { try journal?.validateAgain(observer) } }
    return decision
  }

  /// Gets the first rank's decision and carries it out.
  private func agreed(_ decide: () throws -> Decision?) throws -> Decision {
    let decision = Decision(rawValue: try collective.agree { (try decide() ?? .proceed).rawValue }) ?? .proceed
    if decision == .rollBack { try trainer.synchronize() }
    return decision
  }

  /// Whether Ctrl-C or SIGTERM has told any rank to stop.
  private func isInterrupted() throws -> Bool { try collective.any(Signals.isRequested) }
}
