import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// Wrong or impossible requests are refused with a message: no trap, no hang, no silence.
@Suite struct LimitTests {
  @Test(arguments: [
    ["sample", "run", "--count", "0"], ["sample", "run", "--count", "-5"],
    ["sample", "run", "--count", "99999999999"],
    ["sample", "run", "--teacher-steps", "0"], ["sample", "run", "--teacher-steps", "-3"],
    ["sample", "run", "--seed", "9223372036854775807"], ["evaluate", "run", "--samples", "0"],
    ["evaluate", "run", "--samples", "-3"], ["pairs", "r.yaml", "--output", "p.h5", "--steps", "0"],
    ["pairs", "r.yaml", "--output", "p.h5", "--count", "-3"],
    ["pairs", "r.yaml", "--output", "p.h5", "--batch", "0"],
  ])
  func `An option outside its range is wrong usage that names the range`(_ arguments: [String]) throws {
    let scratch = try Scratch()
    // A minus sign needs the equals sign: otherwise the value looks like an option.
    let joined = Array(arguments.dropLast(2)) + [arguments.suffix(2).joined(separator: "=")]
    let job = try Fewstep.start(joined, in: scratch)
    #expect(job.wait() == 64)
    #expect(job.errors.contains("\(arguments[arguments.count - 2]): expected "), "\(job.errors)")
    #expect(job.errors.contains("got \(arguments.last!)"), "\(job.errors)")
  }

  @Test func `A sampler for a student, which has its own, is wrong usage`() throws {
    let scratch = try Scratch()
    let job = try Fewstep.run("sample", "run", "--sampler", "heun", in: scratch, expecting: 64)
    #expect(job.errors.contains("they go with --teacher-steps"), "\(job.errors)")
  }

  @Test func `A number that no run could use is refused at its place, with its range`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(), to: "r.yaml")
    for (key, value) in [
      ("seed", "9223372036854775807"), ("seed", "-1"), ("threads", "9999999999"), ("threads", "100000"),
      ("output.keep", "9223372036854775807"), ("training.batch", "9223372036854775807"),
      ("training.steps", "9223372036854775807"), ("backbone.modes", "9223372036854775807"),
      ("backbone.network.width", "99999999999"), ("backbone.network.layers", "99999999999"),
      ("backbone.network.embedding", "99999999999"), ("student.lora.rank", "99999999999"),
      ("evaluation.reference.count", "99999999999"), ("fake-teacher.updates", "9223372036854775807"),
    ] {
      let job = try Fewstep.run("check", "r.yaml", "--set", "\(key)=\(value)", in: scratch, expecting: 65)
      #expect(job.errors.contains("--set \(key)=\(value): \(key): "), "\(job.errors)")
      #expect(job.errors.contains("is out of range ("), "\(job.errors)")
    }
    for (key, value, words) in [
      ("name", "../../x", "names no folder"), ("name", "''", "names no folder"), ("name", ".x", "names no folder"),
      ("backbone.class-count", "9", "9 classes are more than the 8 modes"),
      ("student.lora.layers", "[foo]", "no layer's name ends with 'foo'"),
      ("student.lora.layers", "[]", "expected at least one end"),
    ] {
      let job = try Fewstep.run("check", "r.yaml", "--set", "\(key)=\(value)", in: scratch, expecting: 65)
      #expect(job.errors.contains("--set \(key)=\(value): \(key): ") && job.errors.contains(words), "\(job.errors)")
    }
    #expect(try Fewstep.run("check", "/dev/null", in: scratch, expecting: 65).errors.contains("got a device"))
    #expect(try Fewstep.run("run", "r.yaml", "--into", "", in: scratch, expecting: 64).errors.contains("--into"))
    #expect(try scratch.files().filter { !$0.hasPrefix(".") } == ["r.yaml"])
  }

  @Test func `What only the opened model can judge is refused at its place, before the run's folder is made`() throws {
    let scratch = try Scratch()
    try scratch.write(TinySDXL.recipe(student: "learning-rate: 0.001"), to: "r.yaml")
    try scratch.write("a cat", to: "prompts.txt")
    try Fewstep.run("prepare", "prompts", "prompts.txt", "--model", TinySDXL.model, "--into", "prompts", in: scratch)
    for (key, value, words) in [
      ("precision", "float16", "float16 needs a GPU; on the CPU take bfloat16 or float32"),
      ("tile", "100", "expected a multiple of 8 pixels, got 100"),
      ("size", "[15, 16]", "multiples of 2"),
    ] {
      let job = try Fewstep.run("run", "r.yaml", "--set", "backbone.\(key)=\(value)", in: scratch, expecting: 65)
      #expect(
        job.errors.contains("--set backbone.\(key)=\(value): backbone.\(key): ") && job.errors.contains(words),
        "\(job.errors)")
      #expect(!scratch.has("runs"))
    }
  }

  @Test func `Only a file that is to be written is said to need its folder`() throws {
    let scratch = try Scratch()
    try HDF5File.write(to: scratch.path("x.h5")) { try $0.write(.zeros([1]), to: "x") }
    let read = try Fewstep.run("inspect", "none/x.h5", in: scratch, expecting: 66)
    #expect(read.errors.contains("Check the path.") && !read.errors.contains("make the folder"), "\(read.errors)")
    let written = try Fewstep.run("sample", "run", "--tensors", "none/y.h5", in: scratch, expecting: 66)
    #expect(written.errors.contains("make the folder first"), "\(written.errors)")
  }

  @Test func `What a recipe gives and its objective does not use is noted, by check and by run`() throws {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 1), to: "r.yaml")
    let plain = ["--set", "objective={kind: dmd}", "--set", "evaluation=null"]
    for command in ["check", "run"] {
      let job = try Fewstep.start([command, "r.yaml"] + plain, in: scratch)
      #expect(job.wait() == 0)
      for key in ["reward", "data"] { #expect(job.errors.contains("note: \(key) has no effect"), "\(job.errors)") }
    }
    #expect(try !Fewstep.run("check", "r.yaml", in: scratch).errors.contains("no effect"))
  }

  @Test
  func
    `Ctrl-C while pairs, samples or scores are made exits with 75, says what was saved, and leaves no part of a file`()
    throws
  {
    let scratch = try Scratch()
    try scratch.write(recipe(steps: 1), to: "r.yaml")
    try Fewstep.run(
      "run", "r.yaml", "--into", "run", "--set", "evaluation.samples=20", "--set", "evaluation.reference.count=3000",
      in: scratch)
    let before = try scratch.files().filter { !$0.hasPrefix(".") }
    for arguments in [
      ["pairs", "r.yaml", "--output", "p.h5", "--count", "1000000", "--batch", "1"],
      ["sample", "run", "--count", "1000000", "--teacher-steps", "3"], ["sample", "run", "--count", "1000000"],
      ["evaluate", "run", "--samples", "3000", "--set", "evaluation.batch=1"],
    ] {
      let job = try Fewstep.start(arguments, in: scratch)
      // The first line of progress appears, so signals are handled now.
      try waitFor("progress") { job.errors.contains(" left") || !job.isRunning }
      job.send(SIGINT)
      #expect(job.wait() == 75, "\(arguments): \(job.errors)")
      #expect(job.errors.contains("nothing was written"), "\(job.errors)")
      #expect(try scratch.files().filter { !$0.hasPrefix(".") } == before)
      #expect(try scratch.files().allSatisfy { !$0.hasSuffix(".partial") })
    }
  }

  @Test func `A tensor that is not finite is inspected as JSON too`() throws {
    let scratch = try Scratch()
    _ = try Python.run(
      """
      import h5py, numpy
      with h5py.File('bad.h5', 'w') as f:
          f['nan'] = numpy.array([numpy.nan, 1], 'f4')
          f['wide'] = numpy.array([numpy.inf, 1], 'f4')
      """, in: scratch)
    let json = try Fewstep.run("inspect", "bad.h5", "--json", in: scratch).output
    let entries = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]])
    #expect(entries.map { $0["norm"] as? String } == ["nan", "inf"])
  }

  @Test func `A folder in a recipe's place is said to be one, with the recipes in it`() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(atPath: scratch.path("recipes/deep"), withIntermediateDirectories: true)
    try scratch.write(recipe(), to: "recipes/deep/one.yaml")
    let job = try Fewstep.run("recipes", "deep", in: scratch, expecting: 66)
    #expect(job.errors.contains("recipes/deep: a folder") && job.errors.contains("deep/one.yaml"), "\(job.errors)")
  }

  @Test func `A plugin's settings that may be left out are not called required`() throws {
    let scratch = try Scratch()
    let words = try Fewstep.run("plugins", "gaussian-mixture", in: scratch).output
    #expect(words.contains("weights: null") && words.contains("means: null"), "\(words)")
  }
}
