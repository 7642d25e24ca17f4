import Files
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct EffectTests {
  @Test func `A setting says what it can change, or its section does`() throws {
    let s = try settings("{a: 1, inner: {b: 2, c: 3, deep: {d: 4}}}")
    _ = s.number("a", "A.")
    let inner = s.section("inner", affects: .records)
    _ = inner.number("b", "B.")
    _ = inner.number("c", affects: .speed, "C.")
    _ = inner.section("deep").number("d", "D.")
    #expect(s.declarations.map(\.affects) == [.results, .records, .speed, .records])
    // A section that is missing here may be present in the recipe that this one is compared with.
    #expect(s.optionalSection("gone", affects: .future) == nil)
    #expect(s.effects["gone.key"] == .future && s.effects["unknown"] == .results)
  }

  /// Whether each key may be changed by a resume and by a sweep.
  @Test(
    arguments: [
      ("name", "other", true, true), ("output.keep", "7", true, true),
      ("training.steps", "60", true, false), ("monitor.policy", "stop", true, false), ("seed", "9", false, false),
      ("student.learning-rate", "0.5", false, false), ("training.micro-batches", "2", false, false),
      ("matching.guidance-passes", "2", true, true), ("monitor.samples", "8", false, false),
      ("matching.sampling", "logit-normal", false, false),
    ])
  func `a resume and a sweep may change what leaves their results alone`(
    _ key: String, _ value: String, _ resume: Bool, _ sweep: Bool
  ) throws {
    let (old, new) = (try shortRecipe(), try shortRecipe([key: value]))
    #expect(new.keys(differingFrom: old.resolved, except: .changeableByResume).isEmpty == resume)
    #expect(new.keys(differingFrom: old.resolved, except: .changeableBySweep).isEmpty == sweep)
  }

  @Test(arguments: [
    ("student.learning-rate-schedule", "cosine"), ("fake-teacher.learning-rate-schedule", "cosine"),
    (
      "objective",
      "{kind: amd, group-size: 8, gan: {student-weight: 0.1, optimizer: {learning-rate-schedule: cosine}}}"
    ),
  ])
  func `With a schedule that ends with the run, its length is part of every learning rate`(
    _ key: String, _ value: String
  ) throws {
    let cosine = [key: value]
    let (old, new) = (try shortRecipe(cosine), try shortRecipe(cosine.merging(["training.steps": "60"]) { $1 }))
    #expect(new.keys(differingFrom: old.resolved, except: .changeableByResume) == ["training.steps"])
  }

  @Test(arguments: [
    ("panel", "held-out-rewards"), ("grace", "ignore-first-steps"), ("drift", "mean-shift"), ("spread", "std"),
    ("lag", "fake-teacher-gap"),
  ])
  func `A key's former name is told with the new one`(_ former: String, _ current: String) {
    #expect { try shortRecipe(["monitor.\(former)": "1"]) } throws: {
      "\($0)".contains("unknown key 'monitor.\(former)'. Did you mean '\(current)'?")
    }
  }

  @Test func `An objective's former key is told with the new one`() {
    #expect { try shortRecipe(["objective.pooled-deviation": "0.5"]) } throws: {
      "\($0)".contains("Did you mean 'pooled-std'?")
    }
  }

  @Test func `A former section is told with the new one, and a key that is gone with advice`() throws {
    let s = try settings("watch: {every: 1}")
    _ = s.section("monitor").integer("every", default: 1, "Steps.")
    #expect { try s.finish() } throws: { "\($0)".contains("unknown key 'watch'. Did you mean 'monitor'?") }
    #expect { try shortRecipe(["training.replicas": "8"]) } throws: { "\($0)".contains("A run is one process") }
  }
}
