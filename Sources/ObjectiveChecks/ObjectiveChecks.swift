import Fewstep
import Tensors

/// The laws of `MatchingObjective`, for tests of a new objective:
///
///     @Test func laws() throws { try ObjectiveChecks(Reweighting(settings)).all() }
///
/// Each check makes its own objective and tests it on small networks with made-up rewards, real samples and pairs.
public struct ObjectiveChecks {
  public enum Check: String, Sendable, CaseIterable {
    /// Both losses and their terms are finite scalars with a graph.
    case losses
    /// `studentLoss` sends gradients only to the student, `fakeTeacherLoss` only to the fake teacher and the
    /// objective's own networks, and parameters stay trainable or frozen as they were.
    case gradients
    /// If the teachers agree and there is no guidance, samples do not move. Does not apply with a GAN or a regression.
    case rest
    /// The loss of a batch is the mean of its halves' losses, if groups are whole.
    case batch
    /// A sample's update does not depend on the units of the sample space, under `matching.scale: dmd2`. Does not apply
    /// with a GAN or a regression.
    case units
    /// Losses have the dtype and the device of the samples, and are the same on a GPU, if there is one.
    case placement
    /// A new objective with the old one's parameters continues bit for bit: there is no other state.
    case resume
  }

  /// A violation of a law.
  public struct Finding: Sendable, CustomStringConvertible {
    public let check: Check
    public let message: String
    public var description: String { "\(check): \(message)" }
  }

  public struct Violations: Error, CustomStringConvertible {
    public let findings: [Finding]
    public var description: String { findings.map(\.description).joined(separator: "\n") }
  }

  let make: () throws -> any MatchingObjective

  /// - Parameter objective: called once for each check.
  public init(_ objective: @autoclosure @escaping () throws -> any MatchingObjective) { make = objective }

  /// - Throws: `Violations` with all of them.
  public func all(except left: Set<Check> = []) throws {
    let findings = Check.allCases.filter { !left.contains($0) }.flatMap(findings)
    if !findings.isEmpty { throw Violations(findings: findings) }
  }

  /// The violations of one law. An error that the objective throws counts as a violation.
  public func findings(_ check: Check) -> [Finding] {
    do {
      let messages =
        switch check {
        case .losses: try losses()
        case .gradients: try gradients()
        case .rest: try rest()
        case .batch: try batch()
        case .units: try units()
        case .placement: try placement()
        case .resume: try resume()
        }
      return messages.map { Finding(check: check, message: $0) }
    } catch {
      return [Finding(check: check, message: "\(error)")]
    }
  }
}
