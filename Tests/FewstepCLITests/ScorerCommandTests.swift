import Foundation
import TestSupport
import Testing

/// Benchmarks whose samples are judged by another program.
@Suite struct ScorerCommandTests {
  private static let metadata = """
    {"tag": "single_object", "include": [{"class": "bench", "count": 1}], "prompt": "a photo of a bench"}
    {"tag": "counting", "include": [{"class": "cat", "count": 2}], "exclude": [{"class": "cat", "count": 3}], "prompt": "two cats"}
    """

  private static func result(_ prompt: String, _ tag: String, _ path: String, _ correct: Bool) -> String {
    #"{"filename":"\#(path)","tag":"\#(tag)","prompt":"\#(prompt)","correct":\#(correct),"reason":"","metadata":"\#(prompt)","details":"{}"}"#
  }

  @Test func `GenEval's samples are made once, and judged by detections and by its own scorer`() throws {
    let scratch = try Scratch()
    try scratch.write(Self.metadata, to: "m.jsonl")
    let make = [
      "benchmark", "geneval", TinySDXL.model, "--prompts", "m.jsonl", "--size", "16", "--teacher-steps", "1",
      "--guidance", "1", "--into", "out",
    ]
    func run(_ more: String..., expecting code: Int32 = 0) throws -> Job {
      let job = try Fewstep.start(make + more, in: scratch)
      #expect(job.wait() == code, "\(job.errors)")
      return job
    }
    let made = try run()
    #expect(made.errors.contains("samples: out/samples\n") && made.errors.contains("git clone"), "\(made.errors)")
    #expect(try scratch.files("out/samples") == ["00000", "00001"])
    #expect(try scratch.files("out/samples/00001") == ["grid.png", "metadata.jsonl", "samples"])

    let objects = #""objects": [{"class": "bench", "box": [0, 0, 9, 9], "score": 0.5}]"#
    try scratch.write(
      (0..<8).map { #"{"image": "0000\#($0 / 4)/samples/000\#($0 % 4).png", \#(objects)}"# }.joined(separator: "\n"),
      to: "d.jsonl")
    let judged = try run("--detections", "d.jsonl", "--json")
    #expect(judged.errors.contains("2 of 2 existed"), "\(judged.errors)")
    #expect(judged.output.contains(#""name" : "overall""#) && judged.output.contains(#""value" : 0.5"#))
    #expect(judged.output.contains(/"objects" : "detections [0-9a-f]{16}"/), "\(judged.output)")
    #expect(scratch.has("out/scores.json") && scratch.has("out/results.jsonl"))

    // A shell script replaces the official scorer.
    #expect(try run("--scorer", "geneval", "--detector", "d", expecting: 66).errors.contains("evaluate_images.py"))
    for folder in ["geneval/evaluation", "d"] {
      try FileManager.default.createDirectory(atPath: scratch.path(folder), withIntermediateDirectories: true)
    }
    // The scorer ends without an error and writes nothing: the earlier verdicts are not its own.
    try scratch.write("exit 0", to: "geneval/evaluation/evaluate_images.py")
    try scratch.write("weights", to: "d/mask.pth")
    let silent = try run("--scorer", "geneval", "--detector", "d", "--python", "sh", expecting: 70)
    #expect(silent.errors.contains("the official scorer wrote no results to "), "\(silent.errors)")
    let lines = (0..<4).map {
      Self.result("a photo of a bench", "single_object", "x/00000/samples/000\($0).png", $0 == 0)
    }
    try scratch.write(lines.joined(separator: "\n"), to: "r.jsonl")
    try scratch.write(
      "echo judging $1 $4 $5; test -d $1 && cp '\(scratch.path("r.jsonl"))' $3",
      to: "geneval/evaluation/evaluate_images.py")
    let official = try run("--scorer", "geneval", "--detector", "d", "--python", "sh")
    #expect(official.errors.contains("judging \(scratch.path("out/samples")) --model-path \(scratch.path("d"))"))
    let scores = try String(contentsOfFile: scratch.path("out/scores.json"), encoding: .utf8)
    #expect(scores.contains(/"detector" : "mask.pth [0-9a-f]{16}"/), "\(scores)")
    #expect(official.output.contains("single_object") && official.output.contains("0.25"), "\(official.output)")
    #expect(official.output.contains("4 images, not the benchmark's 8; the mean of 1 tasks"), "\(official.output)")
    try scratch.write("echo no GPU; exit 3", to: "geneval/evaluation/evaluate_images.py")
    let failed = try run("--scorer", "geneval", "--detector", "d", "--python", "sh", expecting: 70)
    #expect(
      failed.errors.contains("no GPU") && failed.errors.contains("ended with exit code 3")
        && failed.errors.contains("The samples are kept"))
    #expect(
      try run("--results", "r.jsonl", "--detections", "d.jsonl", expecting: 64).errors.contains("give one of them"))
    #expect(try run("--results", "r.jsonl").output == official.output)
    let given = try String(contentsOfFile: scratch.path("out/scores.json"), encoding: .utf8)
    #expect(given.contains(/"scorer" : "results [0-9a-f]{16}"/), "\(given)")

    try FileManager.default.removeItem(atPath: scratch.path("out/samples/00001/samples/0002.png"))
    let found = try Fewstep.start(
      ["benchmark", "geneval", "out", "--prompts", "m.jsonl", "--detections", "d.jsonl"], in: scratch)
    #expect(found.wait() == 66)
    #expect(found.errors.contains("1 of 10 files are missing, the first is 00001/samples/0002.png"), "\(found.errors)")
  }

  @Test func `What is to judge is looked at before samples are made`() throws {
    let scratch = try Scratch()
    try scratch.write(Self.metadata, to: "m.jsonl")
    for folder in ["geneval/evaluation", "d", "empty", "prompts", "ELLA/dpg_bench"] {
      try FileManager.default.createDirectory(atPath: scratch.path(folder), withIntermediateDirectories: true)
    }
    try scratch.write("exit 0", to: "geneval/evaluation/evaluate_images.py")
    try scratch.write("weights", to: "d/mask.pth")
    try scratch.write(Self.result("two dogs", "counting", "00001/samples/0000.png", true), to: "r.jsonl")
    try scratch.write(#"{"image": "00002/samples/0000.png", "objects": []}"#, to: "other.jsonl")
    try scratch.write(#"{"image": "00001/samples/0000.png", "objects": []}"#, to: "d.jsonl")
    try scratch.write("a fox in the snow", to: "prompts/fox.txt")
    try scratch.write("exit 0", to: "ELLA/dpg_bench/compute_dpg_bench.py")
    try scratch.write(
      """
      item_id,proposition_id,dependency,tuple,question_natural_language
      none,1,0,entity - whole (x),Is it?
      fox,1,0,entity - whole (fox),Is there a fox?
      """, to: "q.csv")
    try scratch.write(#"{"image": "fox", "tile": 0, "answers": {"1": "yes"}}"#, to: "a.jsonl")
    let geneval = ["geneval", "--prompts", "m.jsonl"]
    let dpg = ["dpg", "--prompts", "prompts"]
    let cases: [([String], Int32, String)] = [
      (geneval + ["--results", "r.jsonl"], 65, "the result belongs to another prompt"),
      (geneval + ["--detections", "other.jsonl"], 65, "got prompt 2"),
      (geneval + ["--detections", "d.jsonl", "--clip", "none"], 66, "none"),
      (geneval + ["--scorer", "geneval", "--detector", "empty", "--python", "sh"], 66, "no weights (.pth) in empty"),
      (
        geneval + ["--scorer", "geneval", "--detector", "d", "--python", "no-such-python"], 66,
        "no-such-python: there is no such program (--python)"
      ),
      (dpg + ["--results", "none.txt"], 66, "none.txt"),
      (dpg + ["--questions", "q.csv", "--answers", "a.jsonl"], 66, "'fox', tile 1: question 1 has no answer"),
      (dpg + ["--scorer", "ELLA", "--python", "sh"], 66, "dpg_bench.csv"),
    ]
    for (arguments, code, expected) in cases {
      let job = try Fewstep.start(
        ["benchmark", arguments[0], TinySDXL.model, "--into", "out"] + arguments.dropFirst(), in: scratch)
      #expect(job.wait() == code, "\(arguments): \(job.errors)")
      #expect(job.errors.contains(expected), "\(arguments): \(job.errors)")
      #expect(!scratch.has("out"), "\(arguments)")
    }
  }

  @Test func `DPG-Bench's grids are made once, and scored by answers and by its own scorer`() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(atPath: scratch.path("prompts"), withIntermediateDirectories: true)
    try scratch.write("a fox in the snow", to: "prompts/fox.txt")
    try scratch.write(
      """
      item_id,proposition_id,dependency,tuple,question_natural_language
      none,1,0,entity - whole (x),Is it?
      fox,1,0,entity - whole (fox),Is there a fox?
      fox,2,1,"attribute - color (fox, red)",Is it red?
      """, to: "q.csv")
    let make = [
      "benchmark", "dpg", TinySDXL.model, "--prompts", "prompts", "--size", "16", "--teacher-steps", "1", "--guidance",
      "1", "--into", "out",
    ]
    func run(_ more: String..., expecting code: Int32 = 0) throws -> Job {
      let job = try Fewstep.start(make + more, in: scratch)
      #expect(job.wait() == code, "\(job.errors)")
      return job
    }
    try scratch.write(
      (0..<4).map { #"{"image": "fox", "tile": \#($0), "answers": {"1": "\#($0 < 3 ? "yes" : "no")", "2": "yes"}}"# }
        .joined(separator: "\n"), to: "a.jsonl")
    let scored = try run("--answers", "a.jsonl", "--questions", "q.csv")
    #expect(try scratch.files("out/samples") == ["fox.png"])
    // The last tile scores 0: its fox was not seen.
    #expect(scored.output.contains("DPG-Bench") && scored.output.contains(" 75"), "\(scored.output)")
    func lock() throws -> String { try String(contentsOfFile: scratch.path("out/scores.json"), encoding: .utf8) }
    #expect(try lock().contains(/"answers" : "answers [0-9a-f]{16}"/))
    #expect(try run("--answers", "a.jsonl", expecting: 64).errors.contains("--questions: --answers need them"))

    try FileManager.default.createDirectory(atPath: scratch.path("ELLA/dpg_bench"), withIntermediateDirectories: true)
    try scratch.write("# a stand-in", to: "ELLA/dpg_bench/compute_dpg_bench.py")
    try scratch.write("asked by default", to: "ELLA/dpg_bench/dpg_bench.csv")
    try scratch.write(
      """
      #!/bin/sh
      echo "asked: $PYTHONHASHSEED $*"
      for path; do :; done
      printf 'out/fox.png, 0.5, 0.5, 1.0, 0.0, 0.5\\nModel: samples\\nL1 category scores:\\n\\tentity: 50.0\\n' > $path
      printf 'DPG-Bench score: 50.0\\n' >> $path
      """, to: "python")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scratch.path("python"))
    let official = try run("--scorer", "ELLA", "--python", scratch.path("python"))
    #expect(official.errors.contains("asked: 0 -m accelerate.commands.launch --num_machines 1 --num_processes 1 "))
    #expect(official.errors.contains("--resolution 16 --pic-num 4"), "\(official.errors)")
    #expect(official.output.contains("L1: entity") && official.output.contains("50"), "\(official.output)")
    #expect(try lock().contains(/"questions" : "[0-9a-f]{64}"/))

    // Earlier results exist, but do not count for a scorer that writes nothing.
    let silent = try run("--scorer", "ELLA", "--python", "true", expecting: 70)
    #expect(silent.errors.contains("the official scorer wrote no results to "), "\(silent.errors)")

    try FileManager.default.removeItem(atPath: scratch.path("out/samples/fox.png"))
    let found = try Fewstep.start(
      ["benchmark", "dpg", "out", "--prompts", "prompts", "--answers", "a.jsonl", "--questions", "q.csv"], in: scratch)
    #expect(found.wait() == 66)
    #expect(found.errors.contains("1 of 1 files are missing, the first is fox.png"), "\(found.errors)")
  }
}
