import Foundation
import Tensors
import TestSupport
import Testing

@testable import FewstepCLI

@Suite struct CommandTests {
  private let commands = [
    "run", "launch", "check", "plan", "recipes", "plugins", "sample", "evaluate", "measure", "features", "benchmark",
    "inspect",
    "diff",
    "train-teacher", "train-autoencoder",
    "train-classifier",
    "pairs", "doctor", "sweep", "compare", "report", "field", "new", "build-plugin",
    "prepare", "denoise", "encode", "decode", "embed", "export",
  ]

  @Test func `Every command's help has an example, and the program's lists every command and exit code`() throws {
    let scratch = try Scratch()
    let general = try Fewstep.run("--help", in: scratch).output
    for code in ["64", "65", "66", "70", "74", "75"] { #expect(general.contains(code)) }
    for command in commands {
      #expect(general.contains("\n  \(command) "), "\(command)")
      let help = try Fewstep.run(command, "--help", in: scratch).output
      #expect(help.contains("Example:  fewstep \(command)"), "\(command): \(help)")
    }
    let listed = general.split(separator: "\n").drop { !$0.hasPrefix("SUBCOMMANDS") }.dropFirst()
      .prefix { $0.hasPrefix("  ") }.filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") && !$0.hasPrefix("  See ") }
    #expect(listed.count == commands.count)
  }

  @Test func `Help says what a precision may be in words, not in numbers`() throws {
    let scratch = try Scratch()
    let help = try Fewstep.run("export", "--help", in: scratch).output.split(whereSeparator: \.isWhitespace)
    #expect(help.joined(separator: " ").contains("values: float32, bfloat16, float16; default: float16"))
  }

  @Test func `Wrong usage exits with 64 and an example of the right one`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    try Fewstep.run("run", in: scratch, expecting: 64)
    try Fewstep.run("rum", in: scratch, expecting: 64)
    let form = try Fewstep.run("check", "r.yaml", "--set", "training.steps", in: scratch, expecting: 64)
    #expect(form.errors.contains("expected KEY=VALUE"))
    let plugin = try Fewstep.run("plugins", "adm", in: scratch, expecting: 64)
    #expect(plugin.errors.contains("Did you mean 'amd'?"))
    try Fewstep.run("run", "r.yaml", "--stop-after", "0", in: scratch, expecting: 64)
    #expect(try scratch.files().filter { !$0.hasPrefix(".") } == ["r.yaml"])
  }

  @Test func `A wrong recipe exits with 65, with every mistake at its place, and leaves nothing on the disk`() throws {
    let scratch = try Scratch()
    try scratch.write(
      recipe(extra: "objectives: 3").replacingOccurrences(of: "batch: 32", with: "bach: 32"), to: "r.yaml")
    for command in ["run", "check", "pairs"] {
      let arguments = [command, "r.yaml", "--set", "seed=x"] + (command == "pairs" ? ["--output", "p.h5"] : [])
      let job = try Fewstep.start(arguments, in: scratch)
      #expect(job.wait() == 65)
      #expect(job.errors.contains("r.yaml:19:23: unknown key 'training.bach'. Did you mean 'batch'?"), "\(job.errors)")
      #expect(job.errors.contains("r.yaml:26:1: unknown key 'objectives'. Did you mean 'objective'?"), "\(job.errors)")
      #expect(job.errors.contains("--set seed=x: seed: expected a whole number"), "\(job.errors)")
    }
    try scratch.write("a: [1", to: "broken.yaml")
    #expect(try Fewstep.run("check", "broken.yaml", in: scratch, expecting: 65).errors.contains("broken.yaml:"))
    // Group sizes that do not fit are found before anything is made.
    try scratch.write(recipe(), to: "r.yaml")
    let groups = try Fewstep.run("run", "r.yaml", "--set", "training.batch=20", in: scratch, expecting: 65)
    #expect(groups.errors.contains("training.batch: 20 samples do not divide into groups of 8"))
    #expect(try scratch.files().filter { !$0.hasPrefix(".") } == ["broken.yaml", "r.yaml"])
  }

  @Test func `A missing file exits with 66 and is named`() throws {
    let scratch = try Scratch()
    #expect(try Fewstep.run("run", "none.yaml", in: scratch, expecting: 66).errors.contains("none.yaml"))
    #expect(try Fewstep.run("inspect", "none.h5", in: scratch, expecting: 66).errors.contains("none.h5"))
    #expect(try Fewstep.run("sample", "none", in: scratch, expecting: 66).errors.contains("none"))
    try scratch.write(recipe(), to: "r.yaml")
    let weights = try Fewstep.run(
      "run", "r.yaml", "--set", "backbone={kind: pixel-unet, teacher: none.safetensors}", in: scratch, expecting: 66)
    #expect(weights.errors.contains("none.safetensors"))
    #expect(!scratch.has("runs"))
  }

  @Test func `Training that diverges exits with 70 and says what did`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 50), to: "r.yaml")
    let job = try Fewstep.run(
      "run", "r.yaml", "--set", "student.learning-rate=1e30", "--set", "evaluation=null", in: scratch, expecting: 70)
    #expect(job.errors.contains("not finite at step"), "\(job.errors)")
  }

  @Test func `A file that cannot be written exits with 74`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 1), to: "r.yaml")
    try scratch.write("a file", to: "file")
    let job = try Fewstep.run("run", "r.yaml", "--into", "file/run", in: scratch, expecting: 74)
    #expect(job.errors.contains("file/run"), "\(job.errors)")
  }

  @Test func `A plan tells what a run takes, device by device, and refuses a device that it does not know`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    let words = try Fewstep.run("plan", "r.yaml", in: scratch).output
    for part in [
      "32 samples in micro-batches of 32", "student", "fake teacher", "objective", "at most", "a checkpoint", "h100",
    ] {
      #expect(words.contains(part), "\(part) in \(words)")
    }
    let json = try Fewstep.run("plan", "r.yaml", "--device", "h100", "--json", in: scratch).output
    let found = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    #expect(((found["plan"] as? [String: Any])?["peak"] as? Int).map { $0 > 0 } == true)
    let unknown = try Fewstep.run("plan", "r.yaml", "--device", "abacus", in: scratch, expecting: 64)
    #expect(unknown.errors.contains("rtx4090") && unknown.errors.contains("abacus"))
    #expect(try scratch.files().filter { !$0.hasPrefix(".") } == ["r.yaml"])
  }

  @Test func `A profiled run leaves a trace and prints where its time went`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    let made = try Fewstep.run(
      "run", "r.yaml", "--profile", "--set", "training.steps=2", "--set", "evaluation=null", in: scratch)
    for part in ["s a step: ", "fake teacher's updates", "ui.perfetto.dev"] {
      #expect(made.errors.contains(part), "\(part) in \(made.errors)")
    }
    let trace = try Data(contentsOf: URL(fileURLWithPath: scratch.path("runs/small/profile.json")))
    #expect(try JSONSerialization.jsonObject(with: trace) is [String: Any])
  }

  @Test func `Checking a recipe tells how the run will go, and leaves nothing behind`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    let words = try Fewstep.run("check", "r.yaml", in: scratch).output
    for part in [
      "every key known", "student     ", "fake teacher", "ω = 1.5", "g = 0.5", "schedule", "disk", "time",
      "The recipe is valid.", "rewards at every step", "checkpoints after 4, 8, 12", "gan ", "discriminator ",
    ] { #expect(words.contains(part), "\(part) in \(words)") }
    #expect(try scratch.files().filter { !$0.hasPrefix(".") } == ["r.yaml"])
    let many = try Fewstep.run("check", "r.yaml", "--set", "evaluation.samples=1000", in: scratch, expecting: 65)
    #expect(many.errors.contains("evaluation.samples: 1000, but evaluation.reference has 300"), "\(many.errors)")
    let json = try Fewstep.run("check", "r.yaml", "--json", in: scratch).output
    let found = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    #expect(found["prompts"] as? Int == 2 && found["guidance"] as? Double == 1.5)
    // Without the steps nothing is said of losses or time.
    let quick = try Fewstep.run("check", "r.yaml", "--quick", in: scratch)
    #expect(
      quick.output.contains("The recipe is valid.") && !quick.output.contains("gan ")
        && !quick.output.contains("s a step")
    )
    #expect(quick.errors.contains("opening the networks") && !quick.errors.contains("two training steps"))

    // Parts that do not fit each other are found before training, with their position.
    for (change, words) in [
      ("reward={kind: idx}", "reward"),
      ("evaluation.features={kind: classifier, weights: none.safetensors}", "none.safetensors"),
      ("evaluation.floor={kind: idx, images: none.gz, labels: none.gz}", "none.gz"),
      ("objective.gan.features=teacher", "features"),
    ] {
      let job = try Fewstep.start(["check", "r.yaml", "--set", change], in: scratch)
      #expect([65, 66].contains(job.wait()) && job.errors.contains(words), "\(change): \(job.errors)")
    }
  }

  @Test func `Plugins are listed for people and for programs, with every setting`() throws {
    let scratch = try Scratch()
    let own = try Fewstep.run("plugins", "recipe", in: scratch).output
    for key in ["student.learning-rate", "matching.guidance", "training.batch", "output.keep", "evaluation.samples"] {
      #expect(own.contains("  \(key): "), "\(key)")
    }
    let all = try Fewstep.run("plugins", in: scratch).output
    for name in ["dmd", "dmd2", "amd", "gaussian-mixture", "pixel-unet", "classifier", "idx"] {
      #expect(all.contains(name))
    }
    let one = try Fewstep.run("plugins", "amd", in: scratch).output
    #expect(one.contains("sensitivity: 0.3   (number, 0 to below 1; affects results)"), "\(one)")
    #expect(one.contains("gan.student-weight: "), "\(one)")
    for family in ["pixel-unet", "sdxl"] {
      let settings = try Fewstep.run("plugins", family, in: scratch).output
      #expect(settings.contains("gradient-checkpointing: false   (true or false; affects speed)"), "\(settings)")
    }
    let json = try Fewstep.run("plugins", "--json", in: scratch).output
    let entries = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]])
    #expect(entries.count == all.split(separator: "\n").count)
    for entry in entries {
      #expect(entry["summary"] is String && entry["kind"] is String)
      let settings = try #require(entry["settings"] as? [[String: String]])
      for setting in settings {
        #expect(Set(["key", "type", "default", "affects", "meaning"]).isSubset(of: setting.keys))
      }
    }
  }

  @Test func `Files are inspected and compared tensor by tensor`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    for (name, seed) in [("a.h5", "1"), ("b.h5", "1"), ("c.h5", "2")] {
      try Fewstep.run(
        "pairs", "r.yaml", "--output", name, "--count", "20", "--steps", "3", "--batch", name == "b.h5" ? "20" : "7",
        "--set", "seed=\(seed)", in: scratch)
    }
    let json = try Fewstep.run("inspect", "a.h5", "--json", in: scratch).output
    let entries = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]])
    #expect(entries.map { $0["name"] as? String } == ["noise", "prompts", "samples"])
    #expect(entries.map { $0["dtype"] as? String } == ["float32", "int64", "float32"])
    #expect(entries[0]["shape"] as? [Int] == [20, 2])
    let text = try Fewstep.run("inspect", "a.h5", in: scratch).output
    for entry in entries { #expect(text.contains(try #require(entry["hash"] as? String))) }
    #expect(text.contains("3 tensors, 100 numbers"))

    let same = try Fewstep.run("diff", "a.h5", "a.h5", in: scratch)
    #expect(same.output.contains("all 3 tensors are identical"))
    let other = try Fewstep.run("diff", "a.h5", "c.h5", in: scratch, expecting: 1)
    #expect(other.output.contains("noise: largest difference") && other.output.contains("tensors differ"))
    #expect(try Fewstep.run("diff", "a.h5", "c.h5", "--tolerance", "100", in: scratch).output.contains("within the"))
    let differences = try Fewstep.run("diff", "a.h5", "c.h5", "--json", in: scratch, expecting: 1).output
    let result = try #require(JSONSerialization.jsonObject(with: Data(differences.utf8)) as? [String: Any])
    let largest = try #require(result["largest"] as? Double)
    #expect(result["compared"] as? Int == 3 && result["isWithinTolerance"] as? Bool == false && largest > 0.1)
    try Fewstep.run("diff", "a.h5", "c.h5", "--tolerance", "1e-6", in: scratch, expecting: 1)
    try Fewstep.run("diff", "a.h5", "c.h5", "--tolerance=-1", in: scratch, expecting: 64)
    // The noise is a function of the sample, whatever the batches.
    let batches = try Fewstep.start(["diff", "a.h5", "b.h5"], in: scratch)
    #expect([0, 1].contains(batches.wait()))
    #expect(!batches.output.contains("noise:") && !batches.output.contains("prompts:"))

    try truncate(scratch.path("c.h5"), to: 0.7)
    #expect(try Fewstep.run("inspect", "c.h5", in: scratch, expecting: 65).errors.contains("c.h5"))

    // The recorded pairs are used in DMD's regression.
    let run = try Fewstep.run(
      "run", "r.yaml", "--set", "objective={kind: dmd, regression-weight: 0.25}", "--set",
      "training={steps: 2, batch: 16, pairs: a.h5}",
      "--set", "evaluation=null", "--into", "paired", in: scratch)
    #expect(run.errors.contains("paired"))
    // Pairs from another backbone are refused.
    let strange = try Fewstep.run(
      "run", "r.yaml", "--set", "objective={kind: dmd, regression-weight: 0.25}", "--set", "backbone.radius=5", "--set",
      "training={steps: 2, batch: 16, pairs: a.h5}", "--into", "unpaired", in: scratch, expecting: 65)
    #expect(strange.errors.contains("a.h5") && strange.errors.contains("fewstep pairs"), "\(strange.errors)")
    #expect(!scratch.has("unpaired"))
    // Heun's method makes different pairs.
    try Fewstep.run(
      "pairs", "r.yaml", "--output", "h.h5", "--count", "20", "--steps", "4", "--sampler", "heun", in: scratch)
    try Fewstep.run("diff", "a.h5", "h.h5", in: scratch, expecting: 1)
  }

  @Test func `Recipes are listed, shown and copied`() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(atPath: scratch.path("recipes/deep"), withIntermediateDirectories: true)
    try scratch.write(recipe(), to: "recipes/deep/one.yaml")
    #expect(try Fewstep.run("recipes", in: scratch).output == "deep/one.yaml  Eight modes in the plane\n")
    #expect(try Fewstep.run("recipes", "deep/one.yaml", in: scratch).output == recipe())
    try Fewstep.run("recipes", "deep/one.yaml", "--copy", "mine.yaml", in: scratch)
    try Fewstep.run("recipes", "deep/one.yaml", "--copy", "mine.yaml", in: scratch, expecting: 64)
    #expect(
      try Fewstep.run("recipes", "deep/on.yaml", in: scratch, expecting: 66).errors.contains(
        "Did you mean 'deep/one.yaml'?"))
    try Fewstep.run("recipes", "--folder", "none", in: scratch, expecting: 66)
  }

  @Test func `Shipped recipes are found from any folder, with their weights`() throws {
    let scratch = try Scratch()
    #expect(try Fewstep.run("recipes", in: scratch).output.contains("sdxl/amd-4step.yaml"))
    for name in ["mixture/dmd", "mixture/dmd.yaml", "recipes/mixture/dmd.yaml"] {
      try Fewstep.run("plan", name, in: scratch)
    }
    try scratch.write("extends: shipped:league/base\nname: mine\nobjective: {kind: sid}\n", to: "mine.yaml")
    #expect(try Fewstep.run("plan", "mine.yaml", in: scratch).output.contains("student"))
    try scratch.write("extends: shipped:league/bass\n", to: "other.yaml")
    let other = try Fewstep.run("plan", "other.yaml", in: scratch, expecting: 65)
    #expect(other.errors.contains("other.yaml:1:10: extends: no recipe 'league/bass' is shipped"), "\(other.errors)")
    // A file of the same name that is there comes first.
    try scratch.write("name: [", to: "quickstart")
    try Fewstep.run("plan", "quickstart", in: scratch, expecting: 65)
  }

  @Test func `The doctor says what this machine is`() throws {
    let scratch = try Scratch()
    let words = try Fewstep.run("doctor", in: scratch).output
    for part in ["libtorch", "BLAS", "threads", "HDF5", "disk"] { #expect(words.contains(part)) }
    let json = try Fewstep.run("doctor", "--json", in: scratch).output
    let facts = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: String])
    #expect(facts["libtorch"]?.isEmpty == false && facts["warnings"] != nil)
  }

  @Test func `The doctor compares a device with the CPU, and says so if the results differ or do not come`() throws {
    let scratch = try Scratch()
    let json = try Fewstep.run("doctor", "--device", "cpu", "--json", in: scratch).output
    let results = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]])
    #expect(results.count > 40 && results.allSatisfy { $0["difference"] as? Double == 0 }, "\(json)")
    // On the meta device there is nothing to compare.
    #expect(DeviceCheck(device: .meta).results().allSatisfy { !$0.passed })
    if Device.cudaCount == 0 { try Fewstep.run("doctor", "--device", "cuda", in: scratch, expecting: 65) }
  }
}
