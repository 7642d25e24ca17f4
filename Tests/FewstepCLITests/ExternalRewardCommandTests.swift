import Foundation
import Tensors
import TestSupport
import Testing

/// Whole runs whose reward comes from another program.
@Suite struct ExternalRewardCommandTests {

  private func recipe(_ command: String, _ more: String = "") -> String {
    """
    name: judged
    threads: 1
    backbone: {kind: pixel-unet, teacher: \(Repository.root)/weights/fashion-mnist/teacher.safetensors}
    reward: {kind: external, command: [python3, -S, \(Repository.root)/\(command)]}
    objective: {kind: amd, group-size: 2}
    student: {steps: [1]\(more)}
    fake-teacher: {updates: 1}
    training: {steps: 2, batch: 2}
    monitor: {every: 0}
    """
  }

  private func standIn(_ mode: String, _ argument: String) -> String {
    "Tests/PluginTests/ExternalReward/stand_in.py, \(mode), \(argument)"
  }

  @Test func `A student learns from another program's gradient, and the run says who has scored`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe("scripts/scorers/brightness.py", ", reward-weight: 0.1"), to: "r.yaml")
    let job = try Fewstep.run("run", "r.yaml", "--into", "made", in: scratch)
    #expect(job.errors.contains("reward: scored by name brightness, version 1"), "\(job.errors)")
    let without = try Fewstep.run(
      "check", "r.yaml", "--set", "reward.command=[python3, \(Repository.root)/scripts/scorers/minimal.py]",
      in: scratch,
      expecting: 65)
    #expect(
      without.errors.contains("r.yaml:6") && without.errors.contains("minimal: it returns no gradients"),
      "\(without.errors)")
  }

  @Test func `The gradient passes through the decoder of a latent model`() throws {
    let scratch = try Scratch()
    try scratch.write(TinySDXL.prompts.joined(separator: "\n"), to: "prompts.txt")
    try scratch.write(
      TinySDXL.recipe(student: "reward-weight: 10")
        + "\nreward: {kind: external, command: [python3, \(Repository.root)/scripts/scorers/brightness.py]}",
      to: "r.yaml")
    try Fewstep.run(
      "prepare", "prompts", "prompts.txt", "--model", TinySDXL.model, "--into", "prompts", "--dtype", "float32",
      in: scratch)
    func norm(_ more: String...) throws -> Double {
      let job = try Fewstep.start(["check", "r.yaml", "--json"] + more, in: scratch)
      #expect(job.wait() == 0, "\(job.errors)")
      let found = try JSONDecoder().decode(Found.self, from: Data(job.output.utf8))
      #expect((found.student.losses["reward-loss"] != nil) == more.isEmpty)
      return found.student.gradientNorm
    }
    let (with, without) = (try norm(), try norm("--set", "student.reward-weight=0"))
    #expect(with > 0 && Swift.abs(with / without - 1) > 0.01, "\(with) \(without)")
  }

  /// A part of the output of `check`.
  private struct Found: Decodable {
    struct Role: Decodable {
      let losses: [String: Double]
      let gradientNorm: Double
    }
    let student: Role
  }

  @Test func `A run goes on with the version of its scorer, and with no other`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(standIn("versioned", scratch.path("version"))), to: "r.yaml")
    try scratch.write("1.0", to: "version")
    try Fewstep.run("run", "r.yaml", "--into", "made", "--stop-after", "1", in: scratch, expecting: 75)
    try scratch.write("1.1", to: "version")
    let other = try Fewstep.run("run", "r.yaml", "--into", "made", "--resume", in: scratch, expecting: 65)
    #expect(
      other.errors.contains("`reward` was scored by another program: version: 1.0 instead of 1.1"), "\(other.errors)")
    try scratch.write("1.0", to: "version")
    try Fewstep.run("run", "r.yaml", "--into", "made", "--resume", "--set", "reward.timeout=300", in: scratch)
  }

  @Test func `A scorer ends with us, though it hangs and we are killed`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(standIn("hang", scratch.path("processes"))), to: "r.yaml")
    let job = try Fewstep.start(["run", "r.yaml"], in: scratch)
    func scorer() -> Int? {
      (try? String(contentsOfFile: scratch.path("processes"), encoding: .utf8)).flatMap {
        Int($0.trimmingCharacters(in: .newlines))
      }
    }
    try waitFor("the scorer") { scorer() != nil || !job.isRunning }
    let process = try #require(scorer())
    job.send(SIGKILL)
    #expect(job.wait() == 128 + SIGKILL)
    try waitFor("the scorer's end") {
      let state = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8))?.split(separator: ")").last
      return state.map { $0.trimmingCharacters(in: .whitespaces).first == "Z" } ?? true
    }
  }
}
