import Fewstep
import Tensors

/// The laws of `MatchingObjective`, for the tests of whoever writes one:
///
///     @Test func laws() throws { try ObjectiveChecks(Reweighting(settings)).all() }
///
/// Each check makes its own objective and tries it on small networks with made-up rewards, real samples and pairs.
public struct ObjectiveChecks {
  public enum Check: String, Sendable, CaseIterable {
    /// Both losses and their terms are finite scalars with a graph.
    case losses
    /// `studentLoss` sends gradients to the student alone, `fakeTeacherLoss` to the fake teacher and the objective's own
    /// networks alone, and parameters stay trainable or frozen as they were.
    case gradients
    /// If the teachers agree and there is no guidance, samples stay. Not so with a GAN or a regression.
    case rest
    /// The loss of a batch is the mean of those of its halves, when groups are whole.
    case batch
    /// A sample's update does not depend on the units of the sample space, under `matching.scale: dmd2`. Not so with a GAN or
    /// a regression.
    case units
    /// Losses have the dtype and the device of the samples, and are the same on a GPU, if there is one.
    case placement
    /// A new objective that is given the old one's parameters continues to the bit: there is no other state.
    case resume
  }

  /// A law that does not hold.
  public struct Finding: Sendable, CustomStringConvertible {
    public let check: Check
    public let message: String
    public var description: String { "\(check): \(message)" }
  }

  public struct Failure: Error, CustomStringConvertible {
    public let findings: [Finding]
    public var description: String { findings.map(\.description).joined(separator: "\n") }
  }

  let make: () throws -> any MatchingObjective

  /// - Parameter objective: called once for each check.
  public init(_ objective: @autoclosure @escaping () throws -> any MatchingObjective) { make = objective }

  /// - Throws: `Failure` with everything that was found.
  public func all(except left: Set<Check> = []) throws {
    let findings = Check.allCases.filter { !left.contains($0) }.flatMap(findings)
    if !findings.isEmpty { throw Failure(findings: findings) }
  }

  /// What one check finds; an error that the objective throws on the way is a finding.
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
