import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// Features of images, and the benchmark that uses them.
@Suite struct ImageMeasureTests {
  private let tests = Repository.tests
  private var coco: String { "\(tests)/BenchmarksTests/Fixtures/coco" }
  private var pictures: String { "\(coco)/pictures" }
  private var clip: String { "\(tests)/EncodersTests/Fixtures/clip-model" }
  private var openCLIP: String { "\(tests)/EncodersTests/Fixtures/open-clip" }

  private func json(_ job: Job) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(job.output.utf8)) as? [String: Any])
  }

  @Test
  func `features keeps what a network sees in pictures, and measure compares it with such of the same kind alone`()
    throws
  {
    let scratch = try Scratch()
    let made = try Fewstep.run("features", pictures, "--clip", clip, "--output", "real.h5", in: scratch)
    #expect(made.errors.contains("real.h5: features [6, 12]: fit whole, network clip"), "\(made.errors)")
    let job = try Fewstep.run("measure", "real.h5", pictures, "--clip", clip, "--json", in: scratch)
    let result = try json(job)
    #expect(
      result["realSamples"] as? Int == 6 && result["features"] as? Int == 12
        && (result["fingerprint"] as? [String: Any])?["fit"] as? String == "whole")
    let cmmd = try #require((result["cmmd"] as? [String: Any])?["value"] as? Double)
    #expect(abs(cmmd) < 1e-6)
    let words = try Fewstep.run("measure", pictures, pictures, "--clip", clip, "--resize", "40", in: scratch)
    #expect(words.output.contains("CMMD") && words.output.contains("fit square 40"), "\(words.output)")

    let other = try Fewstep.run(
      "measure", "real.h5", pictures, "--clip", clip, "--resize", "40", in: scratch, expecting: 65)
    #expect(other.errors.contains("fit: square 40 instead of whole"), "\(other.errors)")
    let seen = try Fewstep.run(
      "features", pictures, "--inception", "\(coco)/inception.pt", "--patch", "--output", "patch.h5", in: scratch)
    #expect(seen.errors.contains("[6, 2048]") && seen.errors.contains("patch 299"), "\(seen.errors)")
    let networks = try Fewstep.run("measure", "real.h5", "patch.h5", in: scratch, expecting: 65)
    #expect(networks.errors.contains("its features cannot be compared with those of real.h5: "), "\(networks.errors)")
  }

  @Test(arguments: [
    (["measure", "PICTURES", "PICTURES"], 64, "--inception FILE or --clip FOLDER"),
    (["measure", "PICTURES", "empty", "--clip", "CLIP"], 65, "it holds no images"),
    (["measure", "PICTURES", "PICTURES", "--inception", "page.pt"], 65, "expected a TorchScript program"),
    (["measure", "x.h5", "x.h5", "--clip", "CLIP"], 64, "are for images"),
    (["measure", "PICTURES", "PICTURES", "--clip", "CLIP", "--patch"], 64, "--patch goes with --inception"),
    (["features", "PICTURES", "--output", "y.h5"], 64, "--inception or --clip"),
    (["features", "PICTURES", "--clip", "CLIP", "--output", "none/y.h5"], 66, "none"),
    (["features", "damaged", "--clip", "CLIP", "--output", "y.h5"], 65, "damaged/a.png: the image is damaged"),
  ])
  func `Pictures without a network, networks without pictures, and what is neither are refused`(
    arguments: [String], code: Int, expected: String
  ) throws {
    let scratch = try Scratch()
    for folder in ["empty", "damaged"] {
      try FileManager.default.createDirectory(atPath: scratch.path(folder), withIntermediateDirectories: true)
    }
    try FileManager.default.copyItem(atPath: "\(pictures)/00000.png", toPath: scratch.path("damaged/a.png"))
    try truncate(scratch.path("damaged/a.png"), to: 0.5)
    try scratch.write("<html>404</html>", to: "page.pt")
    let names = ["PICTURES": pictures, "CLIP": clip]
    let job = try Fewstep.start(arguments.map { names[$0] ?? $0 }, in: scratch)
    #expect(job.wait() == Int32(code) && job.errors.contains(expected), "\(job.errors)")
    #expect(!scratch.has("y.h5"))
  }

  @Test
  func
    `benchmark coco makes a model's pictures, scores them with their fingerprint, and scores a folder of them alike`()
    throws
  {
    let scratch = try Scratch()
    try scratch.write("a cat!\n\nthe end of the road\ntwo dogs\n", to: "captions.txt")
    let scorers = [
      "--captions", "captions.txt", "--real", pictures, "--clip", clip, "--clip-score", openCLIP, "--clip-tokenizer",
      clip, "--json",
    ]
    let making = [
      "benchmark", "coco", TinySDXL.model, "--into", "out", "--size", "16", "--teacher-steps", "1", "--batch", "2",
    ]
    let first = try Fewstep.start(making + scorers, in: scratch)
    #expect(first.wait() == 0, "\(first.errors)")
    #expect(try scratch.files("out/samples") == ["00000.png", "00001.png", "00002.png"])
    let result = try json(first)
    let fingerprint = try #require(result["fingerprint"] as? [String: Any])
    func part(_ name: String) -> String? { fingerprint[name] as? String }
    #expect(part("benchmark") == "coco" && fingerprint["samples"] as? Int == 3)
    #expect(part("CMMD.fit") == "whole" && part("CMMD.real images")?.hasPrefix("6, ") == true)
    #expect(part("CLIP score.fit") == "square 256" && part("CLIP score.tokenizer") != nil)
    let scores = try #require(result["scores"] as? [[String: Any]])
    #expect(scores.map { $0["name"] as? String } == ["CMMD", "CLIP score"])
    // With three samples some resamples have no pairs, so CMMD has no interval.
    #expect((scores.last?["interval"] as? [Double])?.count == 2)
    #expect((scores.first?["warning"] as? String)?.contains("bias of so few samples") == true)
    #expect(scratch.has("out/scores.json") && scratch.has("out/sheet.png"))

    // One image is lost: only that one is made again, and it is the same.
    let lost = try Data(contentsOf: URL(fileURLWithPath: scratch.path("out/samples/00001.png")))
    try FileManager.default.removeItem(atPath: scratch.path("out/samples/00001.png"))
    let again = try Fewstep.start(making + scorers, in: scratch)
    #expect(again.wait() == 0 && again.errors.contains("2 of 3 existed"), "\(again.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.path("out/samples/00001.png"))) == lost)
    #expect(again.output == first.output)
    let folder = try Fewstep.start(["benchmark", "coco", "out/samples"] + scorers, in: scratch)
    #expect(folder.wait() == 0, "\(folder.errors)")
    #expect(try json(folder)["fingerprint"] as? [String: Any] as NSDictionary? == fingerprint as NSDictionary)
  }

  @Test(arguments: [
    (["--captions", "captions.txt"], 64, "--inception, --clip or --clip-score"),
    (["--captions", "captions.txt", "--clip", "CLIP"], 64, "--real"),
    (["--captions", "none.txt", "--clip", "CLIP", "--real", "PICTURES"], 66, "none.txt"),
    (
      ["--captions", "wrong.json", "--clip", "CLIP", "--real", "PICTURES"], 65,
      "annotations[0]: there is no 'image_id'"
    ),
    (["--captions", "captions.txt", "--inception", "captions.txt", "--real", "PICTURES"], 65, "TorchScript program"),
    (
      ["--captions", "captions.txt", "--clip", "CLIP", "--real", "PICTURES"], 66,
      "1 of 7 files are missing, the first is 00006.png"
    ),
  ])
  func `A benchmark without what it needs is refused before anything is made`(
    arguments: [String], code: Int, expected: String
  ) throws {
    let scratch = try Scratch()
    try scratch.write((0..<7).map { "caption \($0)" }.joined(separator: "\n"), to: "captions.txt")
    try scratch.write(#"{"annotations": [{"id": 1, "caption": "a"}]}"#, to: "wrong.json")
    let names = ["PICTURES": pictures, "CLIP": clip]
    let job = try Fewstep.start(["benchmark", "coco", pictures] + arguments.map { names[$0] ?? $0 }, in: scratch)
    #expect(job.wait() == Int32(code) && job.errors.contains(expected), "\(job.errors)")
  }
}
