import Fewstep
import Networks
import ObjectiveChecks
import Tensors
import TestSupport
import Testing

@Suite struct ObjectiveChecksTests {
  @Test(arguments: [
    "dmd", "dmd2", "amd", "amd zero", "amd scalar", "amd remedies", "decoupled", "reward forcing", "sid",
  ])
  func `Our objectives keep all laws`(_ name: String) throws { try ObjectiveChecks(Objectives.named(name)).all() }

  @Test(arguments: ["dmd regression", "dmd2 gan", "dmd2 teacher", "amd gan"])
  func `With a GAN or a regression samples have other reasons to move; all other laws stay`(_ name: String) throws {
    try ObjectiveChecks(Objectives.named(name)).all(except: [.rest, .units])
    #expect(!ObjectiveChecks(try Objectives.named(name)).findings(.rest).isEmpty || name == "dmd regression")
  }

  @Test(arguments: ObjectiveChecks.Check.allCases)
  func `A broken objective is caught by the check of the law that it breaks`(_ check: ObjectiveChecks.Check) throws {
    let checks = ObjectiveChecks(Broken(check))
    let found = ObjectiveChecks.Check.allCases.filter { !checks.findings($0).isEmpty }
    // A loss that is not a scalar fails everything.
    #expect(check == .losses ? found.contains(.losses) : found == [check], "\(found)")
    let failure = #expect(throws: ObjectiveChecks.Violations.self) { try checks.all() }
    #expect(failure?.description.contains("\(check): ") == true)
  }
}

/// DMD that violates one law.
private final class Broken: MatchingObjective {
  private let check: ObjectiveChecks.Check
  private var calls = 0.0
  let groupAdvantage: GroupAdvantage? = GroupAdvantage(groupSize: 4)

  init(_ check: ObjectiveChecks.Check) { self.check = check }

  func studentLoss(_ scene: Scene) throws -> Loss {
    let direction = try scene.distributionMatching
    calls += 1
    switch check {
    case .losses: return Loss(try (scene.samples - direction).squared().meanPerSample())
    case .gradients: return try scene.match(along: direction).adding("error", mean(scene.denoisingError), weight: 1)
    case .rest: return try scene.match(along: direction + 0.1 * scene.scale)
    case .batch:
      let weight = try exp(scene.reward).values
      return try scene.match(along: PerSample(weight / mean(weight)) * direction)
    case .units: return try scene.match(moving: direction)
    case .placement:
      let loss = try scene.match(along: direction)
      return Loss(try loss.total.to(.float64))
    case .resume: return try scene.match(along: (1 + 0.1 * calls) * direction)
    }
  }

  func fakeTeacherLoss(_ scene: Scene) throws -> Loss { Loss(try mean(scene.denoisingError)) }
}
