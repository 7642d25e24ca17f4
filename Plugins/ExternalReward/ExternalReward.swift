import Fewstep
import Foundation
import Tensors

/// Scores of images or videos by an external program, over pipes (docs/external-rewards.md).
///
/// A score is the weighted sum of the program's axes. Its gradient reaches the pixels if gradients are recorded and the
/// program provides them.
public final class ExternalReward: ImageFileReward {
  private let process: Scorer
  /// The weight of each axis, in the scorer's order.
  private let weights: [Double]
  /// The medium of the backbone's samples.
  private let medium: Medium
  /// The backbone's prompts, by ID.
  private let prompts: [String]
  private let batch: Int

  init(_ process: Scorer, axes: [String: Double]?, batch: Int, prompts: [String], medium: Medium) throws {
    let known = process.greeting.axes
    if let unknown = axes?.keys.sorted().first(where: { !known.contains($0) }) {
      throw Failure.scorer("there is no axis '\(unknown)' (`axes`); it scores by \(known.joined(separator: ", "))")
    }
    (self.process, self.batch, self.prompts, self.medium) = (process, batch, prompts, medium)
    weights = known.map { axis in axes.map { $0[axis] ?? 0 } ?? 1 }
  }

  public var scorer: Fingerprint { process.greeting.fingerprint }

  public func fingerprint() throws -> Fingerprint {
    scorer.merging(["axes": zip(process.greeting.axes, weights).map { "\($0) \($1)" }.joined(separator: ", ")])
  }

  public func score(_ samples: Tensor, pixels: Tensor?, given condition: Condition) throws -> Tensor {
    guard let pixels else { throw error("samples of this backbone are points, not images") }
    if let unknown = condition.promptIDs.first(where: { !prompts.indices.contains($0) }) {
      throw error("the backbone knows \(prompts.count) prompts, and \(unknown) is none of them")
    }
    let kind = if case .videos = medium { Greeting.Kind.videos } else { Greeting.Kind.images }
    let differentiates = isGradEnabled && pixels.requiresGrad
    let fixed = try pixels.detached().to(.cpu).to(.float32)
    let (scores, gradients) = try scored(condition.promptIDs.map { prompts[$0] }, kind, differentiates) {
      try fixed.rows($0..<$0 + 1).squeezed(0).contiguous()
    }
    let values = try scores.to(pixels.device)
    guard differentiates else { return values }
    // Σ g (x - x) is 0, and its gradient is g.
    let gradient = try stacked(gradients).to(pixels.device).to(pixels.dtype)
    let slope = try ((pixels - pixels.detached()) * gradient).reshaped([pixels.shape[0], -1]).sum([1])
    return try values + slope.to(.float32)
  }

  public func score(images: [Tensor], prompts: [String]) throws -> Tensor {
    guard images.count == prompts.count else {
      throw error("\(images.count) images with \(prompts.count) prompts")
    }
    return try scored(prompts, .images, false) { try images[$0].to(.cpu).contiguous() }.scores
  }

  /// float32 [B] on the CPU, with a gradient for each sample if `differentiates` is true.
  private func scored(
    _ prompts: [String], _ kind: Greeting.Kind, _ differentiates: Bool, _ sample: (Int) throws -> Tensor
  ) throws -> (scores: Tensor, gradients: [Tensor]) {
    let greeting = process.greeting
    guard greeting.takes.contains(kind) else {
      throw error("it scores \(greeting.takes.map(\.rawValue).joined(separator: " and ")), not \(kind)")
    }
    guard greeting.givesGradients || !differentiates else {
      throw error("it returns no gradients, which `student.reward-weight` needs")
    }
    guard !prompts.isEmpty else { return (try .zeros([0]), []) }
    let asked = Dictionary(uniqueKeysWithValues: zip(greeting.axes, weights)).filter { $0.value != 0 }
    let answers: [Answer]
    do {
      answers = try process.answers((prompts.count - 1) / batch + 1) { part in
        let range = part * batch..<min((part + 1) * batch, prompts.count)
        return Request(
          prompts: Array(prompts[range]), samples: try range.map(sample), gradient: differentiates ? asked : nil)
      }
    } catch let failure as Failure {
      throw failure.naming(process.greeting.name)
    }
    let scores = try concatenated(answers.map(\.scores))
    return (try (scores * Tensor(weights)).sum([1]).to(.float32), answers.flatMap(\.gradients))
  }

  private func error(_ problem: String) -> Failure { .scorer(problem).naming(process.greeting.name) }

  public static func register(in catalog: inout Catalog) {
    catalog.rewards.append(
      Plugin("external", "The score of an external program for images or videos, over pipes (docs/external-rewards.md)")
      {
        s in
        let settings = ExternalRewardSettings(s)
        return { context in
          let name = "'\(settings.scorer.command.joined(separator: " "))'"
          do {
            var scorer = settings.scorer
            scorer.seed = context.seed
            scorer.environment.merge(
              Scorer.visibleDevices(context.device, ProcessInfo.processInfo.environment)
            ) { given, _ in given }
            return try ExternalReward(
              Scorer(scorer) { FileHandle.standardError.write(Data("scorer: \($0)\n".utf8)) }, axes: settings.axes,
              batch: settings.batch, prompts: context.backbone?.prompts ?? [],
              medium: context.backbone?.medium ?? .images)
          } catch let failure as Failure {
            throw failure.naming(name)
          }
        }
      })
  }
}
