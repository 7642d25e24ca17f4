import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep

@Suite struct ProfileTests {
  @Test func `Parts nest, and own seconds, operations and bytes are told from those inside`() throws {
    let profile = Profile(on: .cpu)
    try profile.measure {
      try span(.step) {
        // 1 MB here, 4 MB inside.
        let held = try Tensor.zeros([250_000])
        try span(.teacher) { _ = try matmul(Tensor.zeros([1000, 10]), .zeros([10, 1000])) }
        span(.teacher) {}
        _ = try matmul(held.reshaped([500, 500]), held.reshaped([500, 500]))
      }
    }
    let (step, teacher) = (profile.parts[0], profile.parts[1])
    #expect(step.path == ["step"] && teacher.path == ["step", "teacher"] && (step.count, teacher.count) == (1, 2))
    #expect(teacher.ownOperations == 2 * 1000 * 10 * 1000 && step.ownOperations == 2 * 500 * 500 * 500)
    #expect(abs(step.ownSeconds + teacher.seconds - step.seconds) < 1e-9)
    #expect(5_000_000..<5_300_000 ~= teacher.peakBytes && step.peakBytes == teacher.peakBytes)
  }

  @Test func `A profiled run does what the run does, and its trace has every part`() throws {
    let scratch = try Scratch()
    let recipe = try shortRecipe(
      ["training.steps": "3", "output.checkpoint-every": "1", "monitor": "{every: 1, samples: 8, teacher-steps: 2}"],
      objective: "amd")
    let plain = try Trainer(recipe)
    _ = try TrainingRun(plain, folder: RunFolder(scratch.path("plain")), resume: false).run()
    let profile = Profile(on: .cpu)
    let trainer = try Trainer(recipe)
    try profile.measure {
      _ = try TrainingRun(trainer, folder: RunFolder(scratch.path("run")), resume: false).run()
    }
    #expect(try differences(plain, trainer).isEmpty)
    let names = Set(profile.parts.map(\.name))
    for part: Span in [
      .step, .student, .teacher, .fakeTeacher, .reward, .backward, .optimizer, .checkpoint, .validation,
    ] {
      #expect(names.contains(part.rawValue), "\(part)")
    }
    try profile.write(to: scratch.path("trace.json"))
    let trace = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: scratch.path("trace.json"))))
        as? [String: Any])
    let events = try #require(trace["traceEvents"] as? [[String: Any]])
    #expect(events.count == profile.parts.reduce(0) { $0 + $1.count })
    #expect(events.allSatisfy { $0["ph"] as? String == "X" && $0["dur"] is Double && $0["ts"] is Double })
  }
}
