import Foundation
import TestSupport
import Testing

@Suite struct SweepCommandTests {
  private let block = """
    sweep:
      seeds: [0, 1]
      list:
        - {name: amd}
        - {name: dmd, objective: {kind: dmd}}
    """

  private func states(_ scratch: Scratch) throws -> [String] {
    let json = try Fewstep.run("sweep", "s.yaml", "--list", "--json", in: scratch).output
    let rows = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]])
    return rows.compactMap { $0["state"] as? String }
  }

  @Test func `A sweep runs everything, compares it, and the second time has nothing to do`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(extra: block), to: "s.yaml")
    let job = try Fewstep.run("sweep", "s.yaml", "--parallel", "2", in: scratch)
    #expect(job.output.contains("Fréchet distance (lower is better)"))
    #expect(job.output.contains("minus amd"))
    #expect(try states(scratch) == ["done", "done", "done", "done"])
    let before = try FileManager.default.attributesOfItem(atPath: scratch.path("runs/small/dmd/seed-1/evaluation.json"))
    let again = try Fewstep.run("sweep", "s.yaml", in: scratch)
    #expect(again.output == job.output)
    #expect(again.errors.contains("4 of 4 runs are already done"))
    let after = try FileManager.default.attributesOfItem(atPath: scratch.path("runs/small/dmd/seed-1/evaluation.json"))
    #expect(before[.modificationDate] as? Date == after[.modificationDate] as? Date)

    let markdown = try Fewstep.run("compare", "runs/small", "--format", "markdown", "--baseline", "dmd", in: scratch)
      .output
    #expect(markdown.contains("| amd"))
    let alone = try Fewstep.run("compare", "runs/small/amd", "runs/small/dmd", "--format", "csv", in: scratch).output
    #expect(alone.contains("objective=dmd"))

    // The folder's run does not match the changed recipe.
    let changed = try Fewstep.run("sweep", "s.yaml", "--set", "training.steps=16", in: scratch, expecting: 65)
    #expect(changed.errors.contains("training.steps"))
  }

  @Test func `A launcher's line starts each run, and one without a place for the command is refused`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(extra: "sweep: {seeds: [0, 1]}"), to: "s.yaml")
    let line = "echo started >> launched; exec {command}"
    let job = try Fewstep.run("sweep", "s.yaml", "--launcher", line, "--set", "name=it's", in: scratch)
    #expect(job.output.contains("Fréchet"))
    #expect(try String(contentsOfFile: scratch.path("launched"), encoding: .utf8) == "started\nstarted\n")
    #expect(scratch.has("runs/it's/plain/seed-1/evaluation.json"))
    let refused = try Fewstep.run("sweep", "s.yaml", "--launcher", "srun", in: scratch, expecting: 64)
    #expect(refused.errors.contains("a command line with {command} in it, got 'srun'"))
  }

  @Test func `Slurm gets one job array, whose tasks are the runs`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(extra: "sweep: {seeds: [0, 1]}"), to: "s.yaml")
    let missing = try Fewstep.run("sweep", "s.yaml", "--launcher", "slurm", in: scratch, expecting: 66)
    #expect(missing.errors.contains("Submit it where it is: sbatch runs/small/slurm.sbatch"))

    try FileManager.default.createDirectory(atPath: scratch.path("bin"), withIntermediateDirectories: true)
    try scratch.write("#!/bin/sh\ncp \"$1\" submitted; echo Submitted batch job 7\n", to: "bin/sbatch")
    try scratch.write("#!/bin/sh\nexec \"$@\"\n", to: "bin/srun")
    for name in ["sbatch", "srun"] {
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scratch.path("bin/\(name)"))
    }
    let path = "\(scratch.path("bin")):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
    let job = try Job(
      Fewstep.executable, ["sweep", "s.yaml", "--launcher", "slurm", "--sbatch=--gpus=1", "--parallel", "5"],
      in: scratch.folder, environment: ["PATH": path])
    #expect(job.wait() == 0 && job.output == "Submitted batch job 7\n", "\(job.errors)")
    #expect(job.errors.contains("compare with: fewstep sweep s.yaml --into runs/small\n"), "\(job.errors)")
    let script = try String(contentsOfFile: scratch.path("submitted"), encoding: .utf8)
    for line in ["#SBATCH --array=0-1%5\n", "#SBATCH --gpus=1\n", "#SBATCH --signal=TERM@120\n"] {
      #expect(script.contains(line), "\(script)")
    }
    for task in ["1", "0"] {
      let run = try Job(
        "/bin/bash", ["submitted"], in: scratch.folder, environment: ["PATH": path, "SLURM_ARRAY_TASK_ID": task])
      #expect(run.wait() == 0, "\(run.errors)")
      #expect(try states(scratch) == (task == "1" ? ["to do", "done"] : ["done", "done"]))
    }
    let none = try Fewstep.run("sweep", "s.yaml", "--member", "2", in: scratch, expecting: 64)
    #expect(none.errors.contains("expected 0 to 1, got 2"))
  }

  @Test func `A folder that is no run, or holds more than one leaves, is not touched`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(extra: "sweep: {seeds: [0, 1]}"), to: "s.yaml")
    for folder in ["runs/small/plain/seed-0"] {
      try FileManager.default.createDirectory(atPath: scratch.path(folder), withIntermediateDirectories: true)
      try scratch.write("precious", to: "\(folder)/thesis.txt")
    }
    let job = try Fewstep.run("sweep", "s.yaml", in: scratch, expecting: 65)
    #expect(job.errors.contains("holds no run"))
    #expect(scratch.has("runs/small/plain/seed-0/thesis.txt"))

    // A run that has lost its checkpoints and scores still has its student.
    try FileManager.default.removeItem(atPath: scratch.path("runs/small"))
    try Fewstep.run("sweep", "s.yaml", in: scratch)
    let run = "runs/small/plain/seed-1"
    for name in ["checkpoints", "evaluation.json"] {
      try FileManager.default.removeItem(atPath: scratch.path("\(run)/\(name)"))
    }
    let again = try Fewstep.run("sweep", "s.yaml", in: scratch, expecting: 70)
    #expect(again.errors.contains("student.safetensors"))
    #expect(scratch.has("\(run)/student.safetensors"))
  }

  @Test func `Two sweeps' variants of one name stay apart`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 4, extra: "sweep: {seeds: [0], list: [{name: x}]}"), to: "a.yaml")
    try scratch.write(
      recipe(steps: 4, extra: "sweep: {seeds: [0], list: [{name: x, objective: {kind: dmd}}]}"), to: "b.yaml")
    for name in ["a", "b"] { try Fewstep.run("sweep", "\(name).yaml", "--into", name, in: scratch) }
    let csv = try Fewstep.run("compare", "a", "b", "--format", "csv", in: scratch).output
    #expect(csv.contains("a/x,1,") && csv.contains("b/x,1,"), "\(csv)")
    let loose = try Fewstep.run("compare", "a/x", "b/x", "--format", "csv", in: scratch).output
    #expect(loose.contains("objective=amd") && loose.contains("objective=dmd"), "\(loose)")
  }

  @Test func `One run's failure is reported, and the others go on`() throws {
    let scratch = try Scratch()
    let block = """
      sweep:
        list:
          - {name: wild, student.learning-rate: 1e30, student.gradient-limit: 1e30}
          - {name: tame}
      """
    try scratch.write(recipe(extra: block), to: "s.yaml")
    let job = try Fewstep.run("sweep", "s.yaml", in: scratch, expecting: 70)
    #expect(job.errors.contains("wild/seed-5: exit code 70"))
    #expect(job.errors.contains("1 of 2 runs failed"))
    #expect(job.output.contains("tame"))
    #expect(scratch.has("runs/small/tame/seed-5/evaluation.json"))
  }

  @Test func `Ctrl-C saves what is running, and the same command goes on from there to the same end`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 120, extra: "sweep: {seeds: [0, 1]}"), to: "s.yaml")
    let job = try Fewstep.start(["sweep", "s.yaml", "--into", "cut"], in: scratch)
    try waitFor("a checkpoint") { scratch.has("cut/plain/seed-0/checkpoints/step-40.h5") || !job.isRunning }
    job.send(SIGINT)
    #expect(job.wait() == 75)
    #expect(job.errors.contains("Run the same command again to continue"))
    #expect(!scratch.has("cut/plain/seed-1/recipe.yaml"))
    try Fewstep.run("sweep", "s.yaml", "--into", "cut", in: scratch)
    try Fewstep.run("sweep", "s.yaml", "--into", "whole", "--parallel", "2", in: scratch)
    for name in ["plain/seed-0", "plain/seed-1"] {
      try Fewstep.run("diff", "cut/\(name)/student.safetensors", "whole/\(name)/student.safetensors", in: scratch)
    }
  }

  @Test func `run of a sweep says what to do, and scores that were measured otherwise are not compared`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(extra: block), to: "s.yaml")
    let run = try Fewstep.run("run", "s.yaml", in: scratch, expecting: 65)
    #expect(run.errors.contains("fewstep sweep s.yaml"))
    try scratch.write(recipe(), to: "r.yaml")
    try Fewstep.run("run", "r.yaml", "--into", "a", in: scratch)
    try Fewstep.run("run", "r.yaml", "--into", "b", "--set", "evaluation.samples=50", in: scratch)
    let compared = try Fewstep.run("compare", "a", "b", in: scratch, expecting: 65)
    #expect(compared.errors.contains("samples: 50 instead of 100"))
    try scratch.write("[1]", to: "b/evaluation.json")
    let damaged = try Fewstep.run("compare", "b", in: scratch, expecting: 65)
    #expect(damaged.errors.contains("b/evaluation.json"))
  }
}
