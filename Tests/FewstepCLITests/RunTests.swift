import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct RunTests {
  /// Python's view of the diagnostics: the columns' common length, the steps, and the columns' names.
  private func diagnostics(_ folder: String, _ scratch: Scratch) throws -> String {
    try Python.run(
      """
      import sys, h5py
      with h5py.File(sys.argv[1] + '/diagnostics.h5', 'r') as f:
          lengths = {len(f[k]) for k in f}
          steps = sorted(set(int(s) for s in f['step'][:]))
          print(lengths, steps, ' '.join(sorted(f)))
      """, folder, in: scratch)
  }

  private let columns =
    "advantage alignment alpha beta condition-gap cosine distance flips matching prompt reward scale step student-step t "
    + "update weight zone"

  @Test func `A run leaves its recipe, checkpoints, diagnostics, events, pictures, student and scores`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    let job = try Fewstep.run("run", "r.yaml", in: scratch)
    #expect(job.output.contains("student"))
    #expect(job.output.contains("Fréchet"))
    let files = try scratch.files("runs/small")
    for name in [
      "checkpoints", "diagnostics.h5", "evaluation.json", "monitor.h5", "recipe.yaml", "samples", "student.safetensors",
    ] {
      #expect(files.contains(name), "\(name)")
    }
    #expect(files.filter { $0.hasPrefix("events.out.tfevents.") }.count == 1)
    #expect(files.count == 8, "\(files)")
    #expect(try scratch.files("runs/small/checkpoints") == ["step-12.h5", "step-8.h5"])
    #expect(try scratch.files("runs/small/samples") == ["step-12.png", "step-6.png", "teacher-and-student.png"])

    #expect(try diagnostics("runs/small", scratch) == "{192} [0, 2, 4, 6, 8, 10] \(columns)")
    let resolved = try String(contentsOfFile: scratch.path("runs/small/recipe.yaml"), encoding: .utf8)
    #expect(resolved.contains("batch: 32  # r.yaml:"))
    #expect(resolved.contains("sensitivity: 0.3  # default"))

    let scalars = try Python.run(
      """
      import sys
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      a = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0}); a.Reload()
      for tag in sorted(a.Tags()['scalars']): print(tag, [e.step for e in a.Scalars(tag)] == list(range(12)))
      print(a.Tags()['images'], [e.step for e in a.Images('samples')])
      """, "runs/small", in: scratch)
    for tag in [
      "student/loss", "student/gan", "student/gradient-norm", "fake-teacher/loss", "fake-teacher/discriminator",
      "fake-teacher/gradient-norm", "reward",
    ] {
      #expect(scalars.contains("\(tag) True"), "\(scalars)")
    }
    #expect(scalars.contains("['samples'] [6, 12]"), "\(scalars)")

    let student = try Python.run(
      """
      import sys
      from safetensors import safe_open
      with safe_open(sys.argv[1] + '/student.safetensors', 'np') as f: print(f.metadata()['student.steps'], len(list(f.keys())))
      """, "runs/small", in: scratch)
    #expect(student == "[1.0, 0.5] 7")

    // The folder can be sampled from, evaluated and inspected.
    try Fewstep.run("sample", "runs/small", "--count", "30", "--tensors", "samples.h5", in: scratch)
    #expect(scratch.has("samples.png") && scratch.has("samples.h5"))
    try Fewstep.run(
      "sample", "runs/small", "--teacher-steps", "3", "--step", "8", "--output", "teacher.png", in: scratch)
    #expect(scratch.has("teacher.png"))
    let scores = try Fewstep.run("evaluate", "runs/small", "--json", in: scratch).output
    let again = try String(contentsOfFile: scratch.path("runs/small/evaluation.json"), encoding: .utf8)
    #expect(scores.trimmingCharacters(in: .newlines) == again)
    let parsed = try #require(JSONSerialization.jsonObject(with: Data(scores.utf8)) as? [String: Any])
    #expect((parsed["scores"] as? [Any])?.count == 3)
    #expect((parsed["fingerprint"] as? [String: Any])?["samples"] as? Int == 100)
  }

  @Test
  func `A second run of the same name takes another folder, and a folder that is named and there is refused`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 1), to: "r.yaml")
    let small = ["--set", "evaluation=null"]
    for expected in ["small", "small-2"] {
      #expect(try Fewstep.start(["run", "r.yaml"] + small, in: scratch).wait() == 0)
      #expect(scratch.has("runs/\(expected)/student.safetensors"))
    }
    let before = try scratch.files("runs/small")
    let refused = try Fewstep.run("run", "r.yaml", "--into", "runs/small", in: scratch, expecting: 64)
    #expect(refused.errors.contains("runs/small: the folder exists"))
    #expect(try scratch.files("runs/small") == before)
    let nothing = try Fewstep.run("run", "r.yaml", "--into", "runs/none", "--resume", in: scratch, expecting: 66)
    #expect(nothing.errors.contains("no checkpoint to resume from"))
    #expect(try scratch.files("runs") == ["small", "small-2"])
  }

  @Test func `--auto-resume begins in a folder without a checkpoint, and goes on from one`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 12), to: "r.yaml")
    try Fewstep.run("run", "r.yaml", "--into", "whole", "--set", "evaluation=null", in: scratch)
    let again = arguments("x", "--auto-resume")
    #expect(try Fewstep.start(again + ["--stop-after", "5"], in: scratch).wait() == 75)
    let job = try Fewstep.start(again, in: scratch)
    #expect(job.wait() == 0, "\(job.errors)")
    try expectSame("whole/checkpoints/step-12.h5", "x/checkpoints/step-12.h5", scratch)
    // What a run that ended before its first checkpoint has left.
    for name in try scratch.files("x/checkpoints") {
      try FileManager.default.removeItem(atPath: scratch.path("x/checkpoints/\(name)"))
    }
    for name in ["student.safetensors"] { try FileManager.default.removeItem(atPath: scratch.path("x/\(name)")) }
    #expect(try Fewstep.start(again, in: scratch).wait() == 0)
    try expectSame("whole/checkpoints/step-12.h5", "x/checkpoints/step-12.h5", scratch)
    // Other files there are somebody's.
    try FileManager.default.createDirectory(atPath: scratch.path("y"), withIntermediateDirectories: true)
    try scratch.write("precious", to: "y/thesis.txt")
    let refused = try Fewstep.start(arguments("y", "--auto-resume"), in: scratch)
    #expect(refused.wait() == 74 && refused.errors.contains("holds thesis.txt"), "\(refused.errors)")
    try Fewstep.run("run", "r.yaml", "--resume", "--auto-resume", in: scratch, expecting: 64)
  }

  /// Arguments of a run without an evaluation, in the folder of this name.
  private func arguments(_ folder: String, _ more: String...) -> [String] {
    ["run", "r.yaml", "--into", folder, "--set", "evaluation=null"] + more
  }

  private func expectSame(_ a: String, _ b: String, _ scratch: Scratch, location: SourceLocation = #_sourceLocation)
    throws
  {
    let job = try Fewstep.run("diff", a, b, in: scratch, location: location)
    #expect(job.output.contains("are identical"), sourceLocation: location)
  }

  /// A run that gets a signal once this file exists. On a busy machine a run may end before the test looks again; then
  /// another one is started.
  private func stopped(
    _ arguments: [String], at file: String, by signal: Int32, _ scratch: Scratch, again: () throws -> Void
  ) throws -> Job {
    for _ in 0..<5 {
      let job = try Fewstep.start(arguments, in: scratch)
      try waitFor(file) { scratch.has(file) || !job.isRunning }
      job.send(signal)
      if job.wait() != 0 { return job }
      try again()
    }
    throw Unlucky()
  }

  private struct Unlucky: Error {}

  @Test func `A run that is interrupted, killed or told to stop goes on to the same end, to the bit`() throws {
    let scratch = try Scratch()
    // Long enough that the signal arrives before the end; a step takes a few milliseconds.
    let steps = 240
    try scratch.write(
      recipe(steps: steps).replacingOccurrences(
        of: "checkpoint-every: 4, sample-every: 6", with: "checkpoint-every: 20, sample-every: 1000"),
      to: "r.yaml")
    #expect(try Fewstep.start(arguments("whole"), in: scratch).wait() == 0)
    let reference = try diagnostics("whole", scratch)
    #expect(reference.hasPrefix("{3840} "))

    // Interrupted: it saves its state and says how to continue.
    for (name, signal) in [("interrupted", SIGINT), ("terminated", SIGTERM)] {
      let job = try stopped(arguments(name), at: "\(name)/checkpoints/step-20.h5", by: signal, scratch) {
        try FileManager.default.removeItem(atPath: scratch.path(name))
      }
      #expect(job.wait() == 75)
      #expect(job.errors.contains("--into \(name) --resume"), "\(job.errors)")
      #expect(!scratch.has("\(name)/student.safetensors"))
      #expect(try Fewstep.start(arguments(name, "--resume"), in: scratch).wait() == 0)
    }

    // Killed twice: the steps after the last checkpoint are repeated.
    let killed = try stopped(arguments("killed"), at: "killed/checkpoints/step-40.h5", by: SIGKILL, scratch) {
      try FileManager.default.removeItem(atPath: scratch.path("killed"))
    }
    #expect(killed.wait() == 128 + SIGKILL)
    let again = try Fewstep.start(arguments("killed", "--resume"), in: scratch)
    try waitFor("another checkpoint") { scratch.has("killed/checkpoints/step-120.h5") || !again.isRunning }
    again.send(SIGKILL)
    #expect([0, 128 + SIGKILL].contains(again.wait()))
    #expect(try Fewstep.start(arguments("killed", "--resume"), in: scratch).wait() == 0)

    // Told to stop between two checkpoints.
    #expect(try Fewstep.start(arguments("stopped", "--stop-after", "33"), in: scratch).wait() == 75)
    #expect(try scratch.files("stopped/checkpoints") == ["step-20.h5", "step-33.h5"])
    #expect(try Fewstep.start(arguments("stopped", "--resume"), in: scratch).wait() == 0)

    for name in ["interrupted", "terminated", "killed", "stopped"] {
      try expectSame("whole/checkpoints/step-\(steps).h5", "\(name)/checkpoints/step-\(steps).h5", scratch)
      try expectSame("whole/student.safetensors", "\(name)/student.safetensors", scratch)
      #expect(try diagnostics(name, scratch) == reference)
      let curve = try Python.run(
        """
        import sys
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        def curve(folder):
            a = EventAccumulator(folder, size_guidance={'scalars': 0}); a.Reload()
            return [(e.step, e.value) for e in a.Scalars('student/loss')]
        print(curve(sys.argv[1]) == curve(sys.argv[2]) and len(curve(sys.argv[1])) == \(steps))
        """, "whole", name, in: scratch)
      #expect(curve == "True", "\(name)")
    }

    // Resuming a finished run does nothing, and keeps all files.
    #expect(try Fewstep.start(arguments("whole", "--resume"), in: scratch).wait() == 0)
    try expectSame("whole/student.safetensors", "stopped/student.safetensors", scratch)
    // A run cannot continue to a step that it has already passed.
    let behind = try Fewstep.start(arguments("whole", "--resume", "--set", "training.steps=100"), in: scratch)
    #expect(behind.wait() == 65)
    #expect(behind.errors.contains("240 steps are done, but the recipe ends after 100"), "\(behind.errors)")
    // A run cannot be resumed with another recipe.
    let other = try Fewstep.start(arguments("stopped", "--resume", "--set", "seed=6"), in: scratch)
    #expect(other.wait() == 65)
    #expect(other.errors.contains("seed: 5 instead of 6"))
  }

  @Test func `The command that an interrupted run names goes on with it, whatever was set`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 8), to: "r.yaml")
    let job = try Fewstep.start(
      arguments("stopped", "--stop-after", "4", "--set", "objective.sensitivity=0.5"), in: scratch)
    #expect(job.wait() == 75)
    let before = try String(contentsOfFile: scratch.path("stopped/recipe.yaml"), encoding: .utf8)
    let words = try #require(job.errors.split(separator: "resume with: fewstep ").last)
    let again = try Fewstep.start(words.split { $0 == " " || $0 == "\n" }.map(String.init), in: scratch)
    #expect(again.wait() == 0, "\(again.errors)")
    #expect(scratch.has("stopped/student.safetensors"))
    // Values keep their original sources.
    #expect(try String(contentsOfFile: scratch.path("stopped/recipe.yaml"), encoding: .utf8) == before)
    #expect(before.contains("sensitivity: 0.5  # --set"))
  }

  @Test func `Two runs never work in one folder, and a damaged checkpoint is not gone on from`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 2000), to: "r.yaml")
    let first = try Fewstep.start(arguments("one"), in: scratch)
    try waitFor("a checkpoint") { scratch.has("one/checkpoints/step-8.h5") || !first.isRunning }
    let second = try Fewstep.start(arguments("one", "--resume"), in: scratch)
    #expect(second.wait() == 74)
    #expect(second.errors.contains("another process is training in this folder"), "\(second.errors)")
    first.send(SIGINT)
    #expect(first.wait() == 75)

    let name = "one/checkpoints/" + (try scratch.files("one/checkpoints").max { $0.count < $1.count || $0 < $1 } ?? "")
    // Damages a byte somewhere in the weights, which are most of the file.
    let path = scratch.path(name)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    for place in stride(from: 4096, to: bytes.count, by: 997) { bytes[place] ^= 0x10 }
    try bytes.write(to: URL(fileURLWithPath: path))
    let resumed = try Fewstep.start(arguments("one", "--resume"), in: scratch)
    #expect(resumed.wait() == 65, "\(resumed.errors)")
    #expect(resumed.errors.contains(name), "\(resumed.errors)")
  }

  @Test func `A run that is interrupted while it is evaluated keeps its student`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    let job = try stopped(
      ["run", "r.yaml", "--into", "evaluated", "--set", "evaluation.teacher-steps=[20000]"],
      at: "evaluated/samples/teacher-and-student.png", by: SIGINT, scratch
    ) {
      try FileManager.default.removeItem(atPath: scratch.path("evaluated"))
    }
    #expect(job.wait() == 75)
    #expect(job.errors.contains("score it with: fewstep evaluate"), "\(job.errors)")
    #expect(scratch.has("evaluated/student.safetensors"))
    #expect(!scratch.has("evaluated/evaluation.json"))
  }

  @Test func `Where files may not grow, a run ends with 74, and its last checkpoint is whole`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 400), to: "r.yaml")
    #expect(try Fewstep.start(arguments("limited", "--stop-after", "4"), in: scratch).wait() == 75)
    let checkpoint = scratch.path("limited/checkpoints/step-4.h5")
    let size = try Data(contentsOf: URL(fileURLWithPath: checkpoint)).count
    // The limit is in units of 1024 bytes, and too small for another checkpoint.
    let command =
      "ulimit -f \(size / 1024 - 8); exec '\(Fewstep.executable)' "
      + arguments("limited", "--resume").joined(separator: " ")
    let job = try Job("/bin/bash", ["-c", command], in: scratch.folder)
    #expect(job.wait() == 74, "\(job.errors)")
    #expect(job.errors.contains("error: "), "\(job.errors)")
    #expect(try scratch.files("limited/checkpoints") == ["step-4.h5"])
    #expect(try Fewstep.start(["inspect", "limited/checkpoints/step-4.h5"], in: scratch).wait() == 0)
    #expect(try Fewstep.start(arguments("limited", "--resume", "--stop-after", "8"), in: scratch).wait() == 75)
  }
}
