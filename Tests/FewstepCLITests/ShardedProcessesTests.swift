import Foundation
import Tensors
import TestSupport
import Testing

/// Two processes that each hold their rows of the networks.
@Suite(.serialized, .enabled(if: ProcessGroup.isAvailable)) struct ShardedProcessesTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.write(
      """
      name: sharded
      threads: 1
      backbone: {kind: pixel-unet, teacher: \(Repository.root)/weights/league/teacher.safetensors}
      objective: {kind: dmd}
      student: {steps: [1, 0.5], ema: {decay: 0.9}}
      fake-teacher: {updates: 1}
      training: {steps: 1000, batch: 2, micro-batches: 2}
      sharding: {student: full, fake-teacher: full, teacher: full}
      output: {checkpoint-every: 1, sample-every: 0, samples: 0, keep: 3}
      monitor: {every: 0}
      """, to: "r.yaml")
  }

  private func start(_ more: [String], wrapped: (Int) -> [String] = { _ in [] }) throws -> [Job] {
    try startRanks(
      Array(repeating: ["run", "r.yaml", "--into", "x", "--timeout", "60"] + more, count: 2), port: freePort(),
      wrapped: wrapped, in: scratch)
  }

  private func checkpoints() throws -> [String] {
    try scratch.files("x/checkpoints").filter { $0.hasSuffix(".h5") }
  }

  private func expectWhole(_ checkpoint: String) throws {
    try Fewstep.run("diff", "x/checkpoints/\(checkpoint)", "x/checkpoints/\(checkpoint)", in: scratch)
  }

  @Test func `A full disk on one rank ends all, says whose, and costs no earlier checkpoint`() throws {
    #expect(try start(["--stop-after", "1"]).map { $0.wait() } == [75, 75])
    let before = try checkpoints()
    // Writing beyond this size fails, as on a full disk; what is ignored here, the program ignores too.
    let jobs = try start(["--resume", "--stop-after", "3"]) { rank in
      rank == 0 ? [] : ["/bin/bash", "-c", #"trap '' XFSZ; ulimit -f 40; exec "$0" "$@""#]
    }
    #expect(jobs.map { $0.wait() } == [74, 74])
    for job in jobs {
      #expect(job.errors.contains("-rank-1.h5") && job.errors.contains("rank 1"), "\(job.errors)")
    }
    #expect(try checkpoints() == before)
    try expectWhole(before[0])
    #expect(try start(["--resume", "--stop-after", "3"]).map { $0.wait() } == [75, 75])
  }

  @Test(.enabled(if: Self.mayMount))
  func `A rank that does not see the run folder of the first is told before a step`() throws {
    try FileManager.default.createDirectory(atPath: scratch.path("disk"), withIntermediateDirectories: true)
    let jobs = try startRanks(
      Array(repeating: ["run", "r.yaml", "--into", "disk/x", "--timeout", "60"], count: 2), port: freePort(),
      wrapped: { rank in
        let mount = #"mount -t tmpfs none disk && exec "$0" "$@""#
        return rank == 0 ? [] : ["/usr/bin/env", "unshare", "--mount", "/bin/bash", "-c", mount]
      }, in: scratch)
    for job in jobs {
      #expect(job.wait() == 74 && job.errors.contains("rank 1 does not see what the first"), "\(job.errors)")
    }
    #expect(!scratch.has("disk/x"))
  }

  private static let mayMount: Bool = {
    guard let scratch = try? Scratch() else { return false }
    let job = try? Job(
      "/usr/bin/env", ["unshare", "--mount", "mount", "-t", "tmpfs", "none", scratch.folder], in: scratch.folder)
    return job?.wait() == 0
  }()

  @Test func `A run goes on without its sharding`() throws {
    #expect(try start(["--stop-after", "1"]).map { $0.wait() } == [75, 75])
    let text = try String(contentsOfFile: scratch.path("r.yaml"), encoding: .utf8)
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("sharding") }
    try scratch.write(lines.joined(separator: "\n"), to: "r.yaml")
    try Fewstep.run("run", "r.yaml", "--into", "x", "--resume", "--stop-after", "2", in: scratch, expecting: 75)
  }

  @Test func `Ranks that are killed while they write a checkpoint go on from the one before`() throws {
    let jobs = try start([])
    // Rows that no checkpoint refers to yet.
    func isWriting() throws -> Bool {
      let names = try scratch.files("x/checkpoints")
      guard names.contains(where: { $0.hasSuffix(".h5") }) else { return false }
      return names.contains { $0.hasSuffix(".rows") && !names.contains($0.dropLast(5) + ".h5") }
    }
    try waitFor("the writing of a checkpoint") { (try? isWriting()) == true }
    for job in jobs { job.send(SIGKILL) }
    for job in jobs { _ = job.wait() }
    let last = try #require(try checkpoints().max { $0.compare($1, options: .numeric) == .orderedAscending })
    try expectWhole(last)
    let step = try #require(Int(last.filter(\.isNumber).dropLast()))
    let resumed = try start(["--resume", "--stop-after", "\(step + 2)"])
    #expect(resumed.map { $0.wait() } == [75, 75], "\(resumed[0].errors)")
    try expectWhole("step-\(step + 2).h5")
    // Nothing is left of what was cut off.
    let names = try scratch.files("x/checkpoints")
    #expect(Set(names.map { $0.replacingOccurrences(of: ".rows", with: ".h5") }) == Set(try checkpoints()), "\(names)")
  }
}
