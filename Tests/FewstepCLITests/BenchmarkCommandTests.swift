import Files
import Foundation
import TestSupport
import Testing

/// `fewstep benchmark` on the tiny SDXL, scored by a tiny HPSv2.
@Suite struct BenchmarkCommandTests {
  private static let clip = "\(Repository.tests)/EncodersTests/Fixtures"
  private static let scorer = [
    "--weights", "\(clip)/open-clip/hps.pt", "--scorer-config", "\(clip)/open-clip/open_clip_config.json",
    "--tokenizer", "\(clip)/clip-model",
  ]

  private static func prompts(in scratch: Scratch) throws {
    try FileManager.default.createDirectory(atPath: scratch.path("prompts"), withIntermediateDirectories: true)
    for style in ["anime", "concept-art", "paintings", "photo"] {
      try scratch.write(#"["a cat, \#(style)", "the end of the road", "a fox"]"#, to: "prompts/\(style).json")
    }
  }

  private static func start(_ folder: String, _ more: [String], in scratch: Scratch) throws -> Job {
    let size = folder == TinySDXL.model && !more.contains("--size") ? ["--size", "16"] : []
    return try Fewstep.start(
      ["benchmark", "hpsv2", folder, "--prompts", "prompts", "--batch", "2"] + size + scorer + more, in: scratch)
  }

  private static func run(
    _ folder: String, _ more: String..., in scratch: Scratch, expecting code: Int32 = 0,
    location: SourceLocation = #_sourceLocation
  ) throws -> Job {
    let job = try start(folder, more, in: scratch)
    let got = job.wait()
    #expect(got == code, "\(job.errors)", sourceLocation: location)
    return job
  }

  private static func pictures(_ folder: String, in scratch: Scratch) -> [String] {
    let names = FileManager.default.enumerator(atPath: scratch.path("\(folder)/samples"))?.compactMap { $0 as? String }
    return (names ?? []).filter { $0.hasSuffix(".jpg") }.sorted()
  }

  @Test(arguments: [SIGKILL, SIGINT])
  func `Killed in the middle or stopped, a benchmark goes on, and its samples and scores are those of one that was not`(
    signal: Int32
  ) throws {
    let scratch = try Scratch()
    try Self.prompts(in: scratch)
    let whole = try Self.run(TinySDXL.model, "--teacher-steps", "40", "--into", "whole", "--json", in: scratch)
    let part = try Self.start(TinySDXL.model, ["--teacher-steps", "40", "--into", "part", "--json"], in: scratch)
    while part.isRunning, Self.pictures("part", in: scratch).count < 3 { usleep(5000) }
    part.send(signal)
    #expect(part.wait() == (signal == SIGKILL ? 128 + SIGKILL : 75), "\(part.errors)")
    let made = Self.pictures("part", in: scratch)
    #expect((3..<12).contains(made.count), "\(made)")
    if signal == SIGINT { #expect(part.errors.contains("run the same command again to continue"), "\(part.errors)") }
    let rest = try Self.run(
      TinySDXL.model, "--teacher-steps", "40", "--into", "part", "--json", in: scratch)
    #expect(rest.errors.contains("\(made.count) of 12 existed"), "\(rest.errors)")
    #expect(Self.pictures("part", in: scratch).count == 12)
    for name in Self.pictures("whole", in: scratch) {
      #expect(
        FileManager.default.contentsEqual(
          atPath: scratch.path("whole/samples/\(name)"), andPath: scratch.path("part/samples/\(name)")), "\(name)")
    }
    #expect(rest.output == whole.output)
    #expect(scratch.has("part/sheet.png") && scratch.has("part/generation.json"))
  }

  @Test func `Of samples that are there, by this program or another, the scores alone are computed`() throws {
    let scratch = try Scratch()
    try Self.prompts(in: scratch)
    let made = try Self.run(TinySDXL.model, "--teacher-steps", "2", "--into", "out", "--json", in: scratch)
    #expect(try Self.run("out", "--json", in: scratch).output == made.output)
    let foreign = try Self.run("out/samples", in: scratch)
    #expect(foreign.output.contains("average"), "\(foreign.output)")
    #expect(!foreign.errors.contains("scores:"), "\(foreign.errors)")
    let few = try Self.run("out/samples", "--limit", "1", "--into", "few", in: scratch)
    #expect(few.errors.contains("scores: few/scores.json"), "\(few.errors)")
    let table = try Fewstep.run("benchmark", "compare", "out", "out", in: scratch)
    #expect(table.output.contains("±"), "\(table.output)")
    let refused = try Fewstep.run("benchmark", "compare", "out", "few", in: scratch, expecting: 65)
    #expect(refused.errors.contains("few cannot be compared with out: samples: 4 instead of 12"), "\(refused.errors)")
    let given = try Self.run("out/samples", "--seed", "1", in: scratch, expecting: 64)
    #expect(given.errors.contains("--seed: out/samples is neither a run nor a model"), "\(given.errors)")
    // The same prompts in another order count as different.
    try scratch.write(#"["the end of the road", "a cat, photo", "a fox"]"#, to: "prompts/photo.json")
    let other = try Self.run("out", "--json", in: scratch, expecting: 65)
    #expect(other.errors.contains("out: its samples were made for other prompts"), "\(other.errors)")
  }

  @Test
  func `What cannot be made or scored is refused before anything is written, and samples are never mixed`() throws {
    let scratch = try Scratch()
    try Self.prompts(in: scratch)
    func errors(_ folder: String, _ more: String..., expecting code: Int32) throws -> String {
      let job = try Self.start(folder, more, in: scratch)
      let got = job.wait()
      #expect(got == code, "\(job.errors)")
      return job.errors
    }
    #expect(try errors(TinySDXL.model, expecting: 64).contains("--into: name a folder"))
    #expect(try errors("nowhere", expecting: 66).contains("nowhere: there is no such folder"))
    #expect(
      try errors("prompts", expecting: 66).contains("prompts: 12 of 12 files are missing, the first is anime/00000.jpg")
    )
    _ = try Self.run(
      TinySDXL.model, "--teacher-steps", "1", "--into", "out", "--only-samples", "--limit", "1", in: scratch)
    #expect(!scratch.has("out/scores.json"))
    let other = try errors(TinySDXL.model, "--teacher-steps", "2", "--into", "out", expecting: 65)
    #expect(other.contains("steps: 1 instead of 2"), "\(other)")
    // Samples of more prompts from the same file go into the same folder.
    _ = try Self.run(TinySDXL.model, "--teacher-steps", "1", "--into", "out", "--limit", "2", in: scratch)
    #expect(Self.pictures("out", in: scratch).count == 8)
    // Nothing is written into a folder with other files.
    let full = try errors(TinySDXL.model, "--into", "prompts", expecting: 65)
    #expect(full.contains("the folder holds unrelated files, such as anime.json"), "\(full)")
    for (option, value) in [("--step", "4"), ("--guidance", "nan"), ("--size", "4")] {
      #expect(try errors(TinySDXL.model, option, value, "--into", "x", expecting: 64).contains(option))
    }
    let odd = try errors(TinySDXL.model, "--size", "17", "--into", "x", expecting: 65)
    #expect(odd.contains("size: expected height and width that are multiples of 2"), "\(odd)")
    let half = try errors(TinySDXL.model, "--precision", "float16", "--into", "x", expecting: 65)
    #expect(half.contains("--precision: float16 needs a GPU"), "\(half)")
    #expect(!scratch.has("x"))
    // A network that is not HPSv2 is refused before anything is sampled.
    let wrong = try Fewstep.run(
      "benchmark", "hpsv2", TinySDXL.model, "--prompts", "prompts", "--into", "new", "--weights",
      "\(Self.clip)/aesthetic/single.pth", "--tokenizer", "\(Self.clip)/clip-model", in: scratch, expecting: 65)
    #expect(wrong.errors.contains("single.pth"), "\(wrong.errors)")
    #expect(!scratch.has("new"))
  }
}
