import Foundation
import Tensors
import TestSupport
import Testing

/// Several processes of the program, joined by libtorch.
@Suite(.serialized) struct ProcessesTests {
  private static let run = ["run", "r.yaml", "--set", "training.micro-batches=4", "--timeout", "60"]

  private func launch(_ count: Int, _ arguments: [String], in scratch: Scratch) throws -> Job {
    try Fewstep.start(["launch", "--processes", "\(count)"] + Self.run + arguments, in: scratch)
  }

  @Test(.enabled(if: !ProcessGroup.isAvailable))
  func `A libtorch without process groups is told, with what to do, by each process once`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    let job = try launch(2, [], in: scratch)
    #expect(job.wait() == 66)
    let lines = job.errors.split(separator: "\n").filter { $0.contains("error") }
    #expect(lines.count == 2 && lines.allSatisfy { $0.contains("several processes: they need libtorch 2.4") })
    #expect(job.errors.contains("LIBTORCH"))
    #expect(try !scratch.files("").contains("runs"))
  }

  @Test(.enabled(if: ProcessGroup.isAvailable), arguments: [2, 4])
  func `Processes train as one does, and agree to the bit with themselves over a resume`(_ count: Int) throws {
    let scratch = try Scratch()
    try scratch.write(
      recipe(extra: "sharding: {student: optimizer, fake-teacher: optimizer, group-size: 2}").replacingOccurrences(
        of: "updates: 2", with: "updates: 2, epsilon: 0.1"
      ).replacingOccurrences(of: "steps: [1, 0.5]", with: "steps: [1, 0.5]\n  epsilon: 0.1"), to: "r.yaml")
    let one = try Fewstep.start(Self.run + ["--into", "one"], in: scratch)
    #expect(one.wait() == 0, "\(one.errors)")
    let several = try launch(count, ["--into", "several"], in: scratch)
    #expect(several.wait() == 0, "\(several.errors)")
    // The first says everything, and once.
    #expect(several.errors.components(separatedBy: "run folder: several").count == 2)
    #expect(several.output.components(separatedBy: "Fréchet distance  ").count == 2)
    let differences = try Fewstep.run(
      "diff", "one/checkpoints/step-12.h5", "several/checkpoints/step-12.h5", in: scratch, expecting: 1
    ).output
    let sizes = differences.split(separator: "\n").compactMap { line in
      line.firstRange(of: "largest difference ").flatMap { Double(line[$0.upperBound...].prefix { $0 != "," }) }
    }
    #expect(!sizes.isEmpty && sizes.allSatisfy { $0 < 1e-5 }, "\(differences)")

    #expect(try launch(count, ["--into", "parts", "--stop-after", "5"], in: scratch).wait() == 75)
    #expect(try launch(count, ["--into", "parts", "--resume"], in: scratch).wait() == 0)
    try Fewstep.run("diff", "several/checkpoints/step-12.h5", "parts/checkpoints/step-12.h5", in: scratch)
    // One process goes on with what several have begun.
    #expect(try launch(count, ["--into", "fewer", "--stop-after", "5"], in: scratch).wait() == 75)
    #expect(try Fewstep.start(Self.run + ["--into", "fewer", "--resume"], in: scratch).wait() == 0)
  }

  private func ranks(_ arguments: [[String]], of count: Int? = nil, port: Int, in scratch: Scratch) throws -> [Job] {
    try startRanks(
      arguments.map { Self.run[0...1] + ["--set", "training.micro-batches=2"] + $0 }, of: count, port: port, in: scratch
    )
  }

  private func waitForCheckpoint(in scratch: Scratch) throws {
    try waitFor("a checkpoint") { (try? scratch.files("x/checkpoints").contains { $0.hasSuffix(".h5") }) == true }
  }

  @Test(.enabled(if: ProcessGroup.isAvailable))
  func `Ranks that were started with another recipe are refused before a step, by every rank`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    for job in try ranks([["--into", "x"], ["--into", "x", "--set", "seed=6"]], port: freePort(), in: scratch) {
      #expect(job.wait() == 65)
      #expect(job.errors.contains("recipe.seed: 6 instead of 5"), "\(job.errors)")
    }
    #expect(try !scratch.files("").contains("x"))
  }

  @Test(.enabled(if: ProcessGroup.isAvailable))
  func `A rank that does not come, and a store that is not there, are told within the timeout`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    let alone = try ranks([["--timeout", "3"]], of: 2, port: freePort(), in: scratch)[0]
    #expect(alone.wait() == 74 && alone.errors.contains("rank 1 of 2 did not come within 3 s"), "\(alone.errors)")
    // All who have come say the same.
    for job in try ranks([["--timeout", "5"], ["--timeout", "5"]], of: 3, port: freePort(), in: scratch) {
      #expect(job.wait() == 74 && job.errors.contains("rank 2 of 3 did not come within 5 s"), "\(job.errors)")
    }
    let nowhere = try Job(
      Fewstep.executable, ["run", "r.yaml", "--timeout", "3"], in: scratch.folder,
      environment: ["RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "no.such.host.invalid"])
    #expect(nowhere.wait() == 74 && nowhere.errors.contains("the name cannot be resolved"), "\(nowhere.errors)")
    let lost = try Job(
      Fewstep.executable, ["run", "r.yaml", "--timeout", "3"], in: scratch.folder,
      environment: ["RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(freePort())"])
    #expect(lost.wait() == 74 && lost.errors.contains("does not reach the first rank's store"), "\(lost.errors)")
    #expect(!lost.errors.contains("frame #"))
  }

  @Test(.enabled(if: ProcessGroup.isAvailable))
  func `A signal to a rank that still waits for others ends it and those who have come`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    let jobs = try startRanks([Self.run, Self.run], of: 4, port: freePort(), in: scratch)
    // The first rank says it for all.
    try waitFor("the first to wait", seconds: 60) { jobs[0].errors.contains("waiting for 4 processes") }
    usleep(3_000_000)
    jobs[0].send(SIGTERM)
    let start = Date()
    #expect(jobs.map { $0.wait() } == [75, 75], "\(jobs.map(\.errors))")
    #expect(-start.timeIntervalSinceNow < 30)
  }

  @Test(.enabled(if: ProcessGroup.isAvailable))
  func `A rank that finds another program at the master's port says so within the timeout`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    // The system takes connections for it, and nobody answers them.
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    let port = freePort()
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    let bound = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(bound == 0 && listen(listener, 4) == 0)
    let job = try Job(
      Fewstep.executable, ["run", "r.yaml", "--timeout", "3"], in: scratch.folder,
      environment: ["RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(port)"])
    #expect(job.wait() == 74 && job.errors.contains("nothing there answers as a store does"), "\(job.errors)")
  }

  @Test(.enabled(if: ProcessGroup.isAvailable), arguments: [0, 1])
  func `A killed rank takes the others down with its number, and the run goes on`(_ victim: Int) throws {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 100_000), to: "r.yaml")
    let jobs = try ranks(
      Array(repeating: ["--into", "x", "--timeout", "60"], count: 2), port: freePort(), in: scratch)
    try waitForCheckpoint(in: scratch)
    jobs[victim].send(SIGKILL)
    #expect(jobs[victim].wait() == 128 + SIGKILL)
    let other = jobs[1 - victim]
    #expect(other.wait() == 74)
    #expect(other.errors.contains("rank \(1 - victim): error: rank \(victim) ("), "\(other.errors)")
    let job = try Fewstep.start(
      ["launch", "--processes", "2", "run", "r.yaml", "--set", "training.micro-batches=2", "--into", "x", "--resume"],
      in: scratch)
    try waitFor("progress") { job.errors.contains("samples/s") || !job.isRunning }
    job.send(SIGTERM)
    #expect(job.wait() == 75)
  }

  @Test(.enabled(if: ProcessGroup.isAvailable))
  func `A rank that hangs is given up after the timeout`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 100_000), to: "r.yaml")
    let jobs = try ranks(Array(repeating: ["--into", "x", "--timeout", "5"], count: 2), port: freePort(), in: scratch)
    defer { jobs[1].send(SIGKILL) }
    try waitForCheckpoint(in: scratch)
    jobs[1].send(SIGSTOP)
    let start = Date()
    #expect(jobs[0].wait() == 74)
    #expect(-start.timeIntervalSinceNow < 60)
    #expect(jobs[0].errors.contains("error: rank 1 ("), "\(jobs[0].errors)")
  }

  @Test(.enabled(if: ProcessGroup.isAvailable))
  func `Two processes with the same rank are told so`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    let port = freePort()
    let jobs = try ranks([["--timeout", "10"], ["--timeout", "10"]], of: 3, port: port, in: scratch)
    try waitFor("the first to wait", seconds: 60) { jobs[0].errors.contains("waiting for 3 processes") }
    usleep(3_000_000)
    let double = try Job(
      Fewstep.executable, Self.run, in: scratch.folder,
      environment: ["RANK": "1", "WORLD_SIZE": "3", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(port)"])
    #expect(
      double.wait() == 65 && double.errors.contains("another process came with the same rank"), "\(double.errors)")
    #expect(jobs[0].wait() == 65 && jobs[0].errors.contains("the same rank"), "\(jobs[0].errors)")
    _ = jobs[1].wait()
  }

  @Test(.enabled(if: ProcessGroup.isAvailable))
  func `SIGTERM to another rank ends an evaluation of the first`() throws {
    let scratch = try Scratch()
    try scratch.write(
      recipe(steps: 2).replacingOccurrences(of: "samples: 100", with: "samples: 50000\n  batch: 1")
        .replacingOccurrences(of: "count: 300", with: "count: 50000"), to: "r.yaml")
    let jobs = try ranks(Array(repeating: ["--into", "x"], count: 2), port: freePort(), in: scratch)
    try waitFor("the evaluation") { scratch.has("x/student.safetensors") || !jobs[0].isRunning }
    usleep(2_000_000)
    jobs[1].send(SIGTERM)
    let start = Date()
    #expect(jobs.map { $0.wait() } == [75, 75], "\(jobs.map(\.errors))")
    #expect(-start.timeIntervalSinceNow < 30)
    #expect(jobs[0].errors.contains("stopped in the evaluation; the student is saved"), "\(jobs[0].errors)")
  }

  @Test func `Commands that would train the same in each process are refused`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    for command in ["sweep", "train-teacher"] {
      let job = try Job(
        Fewstep.executable, [command, "r.yaml"], in: scratch.folder,
        environment: ["RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"])
      #expect(job.wait() == 64 && job.errors.contains("several processes of it"), "\(job.errors)")
    }
    try Fewstep.run("launch", "--processes", "2", "run", "r.yaml", "--timeout", "0", in: scratch, expecting: 64)
  }

  @Test(.enabled(if: ProcessGroup.isAvailable))
  func `SIGTERM to one rank saves and stops all`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 100_000), to: "r.yaml")
    let jobs = try ranks(Array(repeating: ["--into", "x"], count: 2), port: freePort(), in: scratch)
    try waitForCheckpoint(in: scratch)
    jobs[1].send(SIGTERM)
    #expect(jobs.map { $0.wait() } == [75, 75])
    #expect(
      jobs[0].errors.contains("which is saved; resume under the same launcher with: fewstep run")
        && !jobs[1].errors.contains("error"))
  }
}
