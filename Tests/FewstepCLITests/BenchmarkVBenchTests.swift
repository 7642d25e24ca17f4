import Evaluation
import Foundation
import Tensors
import TestSupport
import Testing

/// `fewstep benchmark vbench` on folders of videos. No video model is shipped: generation is refused, and scoring works
/// fully.
@Suite struct BenchmarkVBenchTests {
  private static let tests = Repository.tests
  private static let fixtures = "\(tests)/BenchmarksTests/Fixtures/vbench"
  private static let networks = [
    "--dino", "\(fixtures)/dino.pth", "--clip-b32", "\(tests)/EncodersTests/Fixtures/clip-model",
    "--clip-l14", "\(tests)/EncodersTests/Fixtures/clip-model",
    "--aesthetic-head", "\(tests)/EncodersTests/Fixtures/aesthetic/single.pth",
  ]
  private static let native = [
    "subject_consistency", "background_consistency", "temporal_flickering", "aesthetic_quality", "appearance_style",
  ]

  private static let others = [
    "motion_smoothness", "dynamic_degree", "imaging_quality", "object_class", "multiple_objects", "human_action",
    "color", "spatial_relationship", "scene", "temporal_style", "overall_consistency",
  ]

  private let scratch: Scratch

  /// A list of one prompt, which belongs to all dimensions, and its five identical videos.
  init() throws {
    scratch = try Scratch()
    let all = Self.native + Self.others
    let entries = ["tall"].map { name in
      [
        "prompt_en": name, "dimension": all,
        "auxiliary_info": ["appearance_style": ["appearance_style": "oil painting"]],
      ] as [String: Any]
    }
    try JSONSerialization.data(withJSONObject: entries).write(to: URL(fileURLWithPath: scratch.path("list.json")))
    try FileManager.default.createDirectory(atPath: scratch.path("videos"), withIntermediateDirectories: true)
    for number in 0..<5 {
      try FileManager.default.copyItem(
        atPath: "\(Self.fixtures)/videos/tall.mp4", toPath: scratch.path("videos/tall-\(number).mp4"))
    }
  }

  @discardableResult
  private func run(
    _ arguments: [String], path: String? = nil, expecting code: Int32 = 0, location: SourceLocation = #_sourceLocation
  ) throws -> Job {
    let job = try Job(
      Fewstep.executable, ["benchmark", "vbench"] + arguments, in: scratch.folder,
      environment: path.map { ["PATH": $0] } ?? [:])
    let got = job.wait()
    #expect(got == code, "\(arguments): \(job.output.suffix(500)) \(job.errors.suffix(1500))", sourceLocation: location)
    return job
  }

  private struct Printed: Decodable {
    struct Score: Decodable {
      let name: String
      let value: Double
      let samples: Int
      let warning: String?
      let details: [String: Double]?
    }
    let scores: [Score]
    let fingerprint: Fingerprint
    subscript(_ name: String) -> Score? { scores.first { $0.name == name } }
  }

  private func printed(_ job: Job) throws -> Printed {
    try JSONDecoder().decode(Printed.self, from: Data(job.output.utf8))
  }

  /// A replacement for VBench's package, as far as the command sees it: it scores every dimension with 0.5.
  private func installProgram(_ end: String = "") throws -> String {
    try FileManager.default.createDirectory(atPath: scratch.path("bin"), withIntermediateDirectories: true)
    try scratch.write(
      """
      #!/bin/sh
      echo "asked for $*"
      [ "$1 $2 $4 $6 $8" = "evaluate --videos_path --dimension --full_json_dir --output_path" ] || exit 0
      [ -f "$7" ] && [ -d "$3" ] || exit 0
      \(end)
      list=""
      for f in "$3"/*.mp4; do list="$list${list:+, }{\\"video_path\\": \\"$f\\", \\"video_results\\": 0.5}"; done
      mkdir -p "$9" && echo "{\\"$5\\": [0.5, [$list]]}" > "$9/results_2026-01-01-00:00:00_eval_results.json"
      """, to: "bin/vbench")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scratch.path("bin/vbench"))
    return scratch.path("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
  }

  @Test
  func `A folder of videos is scored by what is measured here; what is not is named, and no total is printed`() throws {
    let job = try run(["videos", "--prompts", "list.json", "--into", "scores", "--json"] + Self.networks)
    let scores = try printed(job)
    #expect(scores.scores.map(\.name) == Self.sorted.map { $0.replacing("_", with: " ") })
    #expect(scores.scores.allSatisfy { $0.samples == 5 && $0.warning == nil })
    // Five copies of a video have the score of one. The text of appearance_style differs here.
    let expected = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: "\(Self.fixtures)/expected.json")))
        as? [String: Any])
    let videos = try #require(expected["videos"] as? [String: [Double]])
    for name in Self.native where name != "appearance_style" {
      let value = try #require(scores[name.replacing("_", with: " ")]).value
      #expect(try abs(value - #require(videos[name]?.last)) < 1e-5, "\(name)")
    }
    #expect(job.errors.contains("not scored: motion_smoothness, dynamic_degree, imaging_quality, object_class"))
    #expect(scores.fingerprint["temporal_flickering.scorer"] == "native")
    #expect(try scratch.files("scores") == ["results", "scores.json"])
    let table = try run(["videos", "--prompts", "list.json", "--dimension", "temporal_flickering"])
    #expect(table.output.contains("temporal flickering") && !table.output.contains("total"), "\(table.output)")
  }

  private static let sorted = [
    "subject_consistency", "background_consistency", "temporal_flickering", "aesthetic_quality", "appearance_style",
  ]

  @Test func `VBench's own program scores the rest, and with all sixteen there are totals`() throws {
    let path = try installProgram()
    let job = try run(
      ["videos", "--prompts", "list.json", "--into", "scores", "--json", "--official"], path: path)
    #expect(job.errors.contains("asked for evaluate --videos_path \(scratch.path("videos")) --dimension scene"))
    let scores = try printed(job)
    #expect(scores.scores.count == 19)
    #expect(scores["scene"]?.value == 0.5 && scores.fingerprint["scene.scorer"] == "vbench")
    let (quality, semantic) = (try #require(scores["quality"]?.value), try #require(scores["semantic"]?.value))
    #expect(try abs(#require(scores["total"]?.value) - (4 * quality + semantic) / 5) < 1e-12)
    // The written files can be merged again.
    let files = try scratch.files("scores/results").flatMap { ["--results", "scores/results/\($0)"] }
    #expect(files.count == 32)
    let again = try printed(run(["videos", "--prompts", "list.json", "--json"] + files))
    #expect(again.scores.map(\.value) == scores.scores.map(\.value))
  }

  @Test func `A program that fails with exit code 0 is an error, and finished dimensions are kept`() throws {
    let path = try installProgram("[ $5 != dynamic_degree ] || { echo no GPU; exit 0; }")
    let job = try run(
      ["videos", "--prompts", "list.json", "--into", "scores", "--official", "--dimension", "motion_smoothness"]
        + ["--dimension", "dynamic_degree"], path: path, expecting: 70)
    #expect(job.errors.contains("no GPU") && job.errors.contains("wrote no result for dynamic_degree; exit code 0"))
    #expect(try scratch.files("scores/results") == ["motion_smoothness_eval_results.json"])
  }

  @Test func `Ctrl-C ends VBench's program with all that it has started`() throws {
    let path = try installProgram("echo $$ > pid; sleep 600 & wait")
    let job = try Job(
      Fewstep.executable,
      ["benchmark", "vbench", "videos", "--prompts", "list.json", "--into", "scores", "--official"]
        + ["--dimension", "scene"], in: scratch.folder, environment: ["PATH": path])
    try waitFor("the program") { scratch.has("scores/official/scene/pid") && !pid().isEmpty }
    job.send(SIGINT)
    #expect(job.wait() == 75, "\(job.errors)")
    let group = try #require(Int32(pid()))
    try waitFor("its end") { kill(-group, 0) != 0 }
  }

  @Test func `VBench's program ends with the command, even where that is killed`() throws {
    let path = try installProgram("echo $$ > pid; sleep 600 & echo $! > child; wait")
    let job = try Job(
      Fewstep.executable,
      ["benchmark", "vbench", "videos", "--prompts", "list.json", "--into", "scores", "--official"]
        + ["--dimension", "scene"], in: scratch.folder, environment: ["PATH": path])
    try waitFor("the program") { !text("scores/official/scene/child").isEmpty }
    job.send(SIGKILL)
    #expect(job.wait() == 128 + SIGKILL)
    for file in ["pid", "child"] {
      let process = try #require(Int(text("scores/official/scene/\(file)")))
      try waitFor("its end") {
        let stat = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8))?.split(separator: ")").last
        return stat.map { $0.trimmingCharacters(in: .whitespaces).first == "Z" } ?? true
      }
    }
  }

  @Test func `What has been measured of the same videos by the same scorer is not measured again`() throws {
    let arguments = ["videos", "--prompts", "list.json", "--into", "scores", "--json"]
    let dimensions = ["--dimension", "temporal_flickering", "--dimension", "subject_consistency"]
    func values(_ more: [String] = []) throws -> [Double] {
      try printed(run(arguments + dimensions + more)).scores.map(\.value)
    }
    func change(_ old: String, _ new: String, in name: String) throws {
      let path = "scores/results/\(name)_eval_results.json"
      let file = text(path)
      #expect(file.contains(old), "\(file)")
      try scratch.write(file.replacing(old, with: new), to: path)
    }
    let first = try values(["--dino", "\(Self.fixtures)/dino.pth"])
    // Changed values show where a number comes from.
    for (name, value) in zip(["subject_consistency", "temporal_flickering"], first) {
      try change("\(value)", "0.25", in: name)
    }
    #expect(try values(["--dino", "\(Self.fixtures)/dino.pth"]) == [0.25, 0.25])
    #expect(try values() == [0.25, 0.25], "the network that scored need not be given again")
    try change(#""scorer" : "native""#, #""scorer" : "another""#, in: "temporal_flickering")
    #expect(try values() == [0.25, first[1]])
    try change("\(first[1])", "0.25", in: "temporal_flickering")
    try FileManager.default.removeItem(atPath: scratch.path("videos/tall-1.mp4"))
    try FileManager.default.copyItem(
      atPath: "\(Self.fixtures)/videos/wide.mp4", toPath: scratch.path("videos/tall-1.mp4"))
    let job = try run(arguments + dimensions)
    #expect(try printed(job).scores.map(\.name) == ["temporal flickering"])
    #expect(try printed(job).scores[0].value > 0.5)
    #expect(job.errors.contains("subject_consistency: scores/results/subject_consistency_eval_results.json"))
  }

  @Test func `Results without their videos warn and make no totals until that is accepted`() throws {
    let names = Self.native + Self.others
    try scratch.write("{\(names.map { "\"\($0)\": [0.5, []]" }.joined(separator: ", "))}", to: "r.json")
    let arguments = ["videos", "--prompts", "list.json", "--json", "--results", "r.json"]
    let scores = try printed(run(arguments))
    #expect(scores.scores.count == 16 && scores["total"] == nil && scores["quality"] == nil)
    #expect(scores.scores.allSatisfy { $0.warning?.contains("an unknown number of videos") == true })
    #expect(try printed(run(arguments + ["--accept-missing"]))["total"] != nil)
    try scratch.write("{\"scene\": [0.5, [{\"video_path\": \"a-0.mp4\", \"video_results\": 1}]]}", to: "r.json")
    let other = try run(arguments, expecting: 65)
    #expect(
      other.errors.contains("r.json: scene: a-0.mp4: the video stands there twice, or is none"), "\(other.errors)")
  }

  private func text(_ path: String) -> String {
    ((try? String(contentsOfFile: scratch.path(path), encoding: .utf8)) ?? "")
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func pid() -> String { text("scores/official/scene/pid") }

  @Test func `Missing videos are listed and counted, and stand in the way of totals until they are accepted`() throws {
    for name in ["tall-0", "tall-4"] {
      try FileManager.default.removeItem(atPath: scratch.path("videos/\(name).mp4"))
    }
    let path = try installProgram()
    let arguments = ["videos", "--prompts", "list.json", "--into", "s", "--json", "--official"]
    let job = try run(arguments, path: path)
    #expect(
      job.errors.contains("temporal_flickering: 2 of 5 videos are missing in videos:\n  tall-0.mp4\n  tall-4.mp4\n"))
    let scores = try printed(job)
    #expect(scores["subject consistency"]?.warning == "2 of 5 videos are missing")
    #expect(scores["quality"] == nil && scores["total"] == nil)
    #expect(try printed(run(arguments + ["--accept-missing"], path: path))["total"] != nil)
  }

  @Test func `Still videos of temporal_flickering may lie in a folder of their own`() throws {
    try FileManager.default.moveItem(atPath: scratch.path("videos"), toPath: scratch.path("still"))
    try FileManager.default.createDirectory(atPath: scratch.path("videos"), withIntermediateDirectories: true)
    let job = try run(["videos", "--prompts", "list.json", "--still-videos", "still", "--json"])
    #expect(try printed(job).scores.map(\.name) == ["temporal flickering"])
    #expect(job.errors.contains("not scored: subject_consistency"))
  }

  @Test func `What cannot be scored is said with its place`() throws {
    let flicker = ["--prompts", "list.json", "--dimension", "temporal_flickering"]
    try scratch.write("no video", to: "videos/tall-2.mp4")
    let broken = try run(["videos"] + flicker, expecting: 65)
    #expect(broken.errors.contains("videos/tall-2.mp4: not a video, or a damaged one"), "\(broken.errors)")
    try run(["none"] + flicker, expecting: 66)
    try scratch.write("[{\"prompt_en\": \"a\", \"dimension\": [\"colour\"]}]", to: "wrong.json")
    let wrong = try run(["videos", "--prompts", "wrong.json"], expecting: 65)
    #expect(wrong.errors.contains("wrong.json: [0].dimension: expected names such as color"), "\(wrong.errors)")
    try run(["videos", "--prompts", "list.json", "--dimension", "colour"], expecting: 64)
    try run(["videos", "--prompts", "list.json", "--flickering-videos", "26"], expecting: 64)
    try FileManager.default.createDirectory(atPath: scratch.path("empty"), withIntermediateDirectories: true)
    try scratch.write("[{\"prompt_en\": \"a\", \"dimension\": [\"scene\"]}]", to: "scenes.json")
    let none = try run(["videos", "--prompts", "scenes.json"], expecting: 66)
    #expect(none.errors.contains("temporal_flickering: no prompt of scenes.json is for it"), "\(none.errors)")
    let empty = try run(["empty", "--prompts", "list.json"], expecting: 66)
    #expect(empty.errors.contains("temporal_flickering: none of its 5 videos is in empty"), "\(empty.errors)")
    #expect(empty.errors.contains("not scored: subject_consistency"), "\(empty.errors)")
    // Neither VBench's program nor ffmpeg is installed.
    let official = try run(["videos", "--official", "--prompts", "list.json", "--dimension", "scene"], expecting: 66)
    let network = try run(
      ["videos", "--prompts", "list.json", "--dino", "list.json", "--into", "scores"], expecting: 65)
    #expect(network.errors.contains("list.json") && !scratch.has("scores"), "\(network.errors)")
    #expect(
      official.errors.contains("no program vbench on the PATH") && official.errors.contains("needed for: scene"),
      "\(official.errors)")
    let ffmpeg = try run(["videos"] + flicker, path: "/nonexistent", expecting: 66)
    #expect(ffmpeg.errors.contains("apt-get install ffmpeg"), "\(ffmpeg.errors)")
  }

  @Test func `A model of pictures is refused`() throws {
    let job = try run(
      [TinySDXL.model, "--size", "16", "--teacher-steps", "1", "--prompts", "list.json", "--into", "out"]
        + ["--only-samples"], expecting: 65)
    #expect(job.errors.contains("vbench judges videos, but samples of this model are images [4, "), "\(job.errors)")
    #expect(!scratch.has("out"))
  }
}
