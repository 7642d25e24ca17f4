import Foundation
import Tensors

/// Trainers that share every batch, one of which leads: `training.replicas` of a recipe, on as many devices.
public final class Team {
  public let lead: Trainer
  private let followers: [Trainer]
  private let replicas: Replicas?
  private var areAtWork = false

  public init(_ lead: Trainer) {
    (self.lead, followers, replicas) = (lead, [], nil)
  }

  /// - Parameter components: the leader's, on the recipe's own device; the others' are made here, on those that follow it.
  /// - Throws: `CastError` where a device is not there.
  public convenience init(_ recipe: Recipe, components: TrainingComponents) throws {
    try self.init(recipe, components: components) { try TrainingComponents($0) }
  }

  init(_ recipe: Recipe, components: TrainingComponents, others: (Recipe) throws -> TrainingComponents) throws {
    let count = recipe.training.replicas
    let replicas = count > 1 ? Replicas(count) : nil
    self.replicas = replicas
    lead = try Trainer(recipe, components: components, replica: Replica(rank: 0, team: replicas))
    followers = try (1..<count).map { rank in
      let recipe = try recipe.again(on: recipe.device.following(by: rank))
      return try Trainer(recipe, components: others(recipe), replica: Replica(rank: rank, team: replicas))
    }
  }

  /// The leader first.
  var trainers: [Trainer] { [lead] + followers }

  /// One step of all; the leader's report speaks for the whole batch.
  ///
  /// - Throws: `ReplicaError` where another than the leader has failed; what the leader throws otherwise.
  func step() throws -> StepReport {
    guard let replicas else { return try lead.step() }
    begin(replicas)
    return try Self.step(lead, replicas)
  }

  /// What has diverged has for all alike, since all see the same sums: that is no replica's failure.
  private static func step(_ trainer: Trainer, _ replicas: Replicas) throws -> StepReport {
    do {
      try replicas.meet()
      let report = Result { try trainer.step() }
      if case .failure(let error) = report, !(error is TrainingError) { throw error }
      try replicas.meet()
      return try report.get()
    } catch let error where !(error is TrainingError) {
      replicas.fail(trainer.replica.rank, error)
      throw error
    }
  }

  deinit { replicas?.fail(0, CancellationError()) }

  private func begin(_ replicas: Replicas) {
    guard !areAtWork else { return }
    areAtWork = true
    for trainer in followers {
      nonisolated(unsafe) let trainer = trainer  // the thread's alone during a step, ours between two
      let thread = Thread {
        while true {
          do { _ = try Self.step(trainer, replicas) } catch is TrainingError { continue } catch { return }
        }
      }
      // What the main thread has: networks are deep.
      thread.stackSize = 8 << 20
      thread.start()
    }
  }
}
