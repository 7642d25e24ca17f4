import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct DiagnosticsTests {
  private func columns(_ report: StepReport) -> [String: [Double]] {
    Dictionary(uniqueKeysWithValues: report.columns.map { ($0.name, $0.values) })
  }

  @Test func `A flip is a reweighted direction against the one without weights, and DMD has none`() throws {
    let trainer = try Trainer(shortRecipe(objective: "{kind: amd, group-size: 8, sensitivity: 0.95}"))
    var flipped = 0.0
    for report in try trainer.train(8) {
      let c = columns(report)
      for i in 0..<64 {
        let (m, a) = (try #require(c["matching"]?[i]), try #require(c["alignment"]?[i]))
        let (alpha, beta) = (try #require(c["alpha"]?[i]), try #require(c["beta"]?[i]))
        let product = try beta * m * m + alpha * a * a + (alpha + beta) * m * a * #require(c["cosine"]?[i])
        if Swift.abs(product) > 1e-3 * (m * m + a * a) { #expect(c["flips"]?[i] == (product < 0 ? 1 : 0)) }
        flipped += try #require(c["flips"]?[i])
      }
    }
    #expect(flipped > 0)
    let plain = try Trainer(shortRecipe(objective: "dmd")).step()
    #expect(columns(plain)["flips"]?.allSatisfy { $0 == 0 } == true)
  }

  @Test func `What nobody knows is not a number: a gap without guidance, zones without a reward`() throws {
    let unguided = columns(try Trainer(shortRecipe(["matching.guidance": "1"], objective: "dmd")).step())
    for name in ["condition-gap", "cosine", "advantage", "zone"] {
      #expect(unguided[name]?.count == 64 && unguided[name]?.allSatisfy(\.isNaN) == true, "\(name)")
    }
    #expect(unguided["reward"]?.allSatisfy(\.isFinite) == true)
    let c = columns(try Trainer(shortRecipe(["reward": "null"], objective: "dmd")).step())
    #expect(c["reward"]?.allSatisfy(\.isNaN) == true)
    // With guidance 2 the alignment equals the gap.
    #expect(c["condition-gap"] == c["alignment"])
    #expect(Set(try #require(c["student-step"])).isSubset(of: [1, 0.5]))
  }

  @Test func `A zone is a reward below the limit where the push is less than half the distance`() throws {
    let trainer = try Trainer(shortRecipe(["student.learning-rate": "0"]))
    let plain = columns(try trainer.step())
    #expect(plain["zone"]?.allSatisfy(\.isNaN) == true)
    trainer.zoneReward = try #require(plain["reward"]).sorted()[40]
    let c = columns(try trainer.step())
    let limit = try #require(trainer.zoneReward)
    let expected = try (0..<64).map { i in
      let (reward, push) = (try #require(c["reward"]?[i]), try #require(c["matching"]?[i]))
      return try reward < limit && push < 0.5 * #require(c["distance"]?[i]) ? 1.0 : 0
    }
    #expect(c["zone"] == expected)
    #expect(expected.contains(1) && expected.contains(0))
  }
}
