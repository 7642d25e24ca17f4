import Foundation
import Tensors
import TestSupport
import Testing

@testable import Benchmarks
@testable import Files
@testable import Media
@testable import Reports

private let fixtures = ScorerFixture.folder + "/geneval"

/// Made-up detections for made-up prompts, and the official scorer's verdicts on them.
private struct Judged {
  let suite: GenEvalBenchmark
  let detections: [GenEvalDetections]
  let official: [GenEvalResult]

  init() throws {
    let scratch = try Scratch()
    suite = try GenEvalBenchmark("\(fixtures)/metadata.jsonl")
    detections = try GenEvalDetections.read(
      scratch.write(ScorerFixture.text("geneval/detections.jsonl.gz"), to: "detections.jsonl"))
    official = try GenEvalResult.read(
      scratch.write(ScorerFixture.text("geneval/results.jsonl.gz"), to: "results.jsonl"))
  }
}

@Suite struct GenEvalTests {
  @Test func `Verdicts, their reasons and the boxes that count are the official scorer's`() throws {
    let judged = try Judged()
    let made = try GenEvalJudge(judged.suite, root: "/nowhere", nil)(judged.detections)
    #expect(made.count == 440)
    for (made, official) in zip(made, judged.official) {
      #expect("images/\(made.filename)" == official.filename)
      #expect(made.correct == official.correct, "\(made.filename)")
      #expect(made.reason == official.reason, "\(made.filename)")
      #expect(made.metadata == official.metadata)
      let details = try [made, official].map { try JSONLines.object($0.details, at: "details") }
      #expect(details[0] == details[1], "\(made.filename)")
    }
  }

  @Test func `Where an object lies, near the boundaries too, is the official scorer's answer`() throws {
    guard case .array(let pairs) = try JSONValue.read("\(fixtures)/positions.json") else { return }
    #expect(pairs.count == 400)
    for pair in pairs {
      guard case .array(let parts) = pair else { continue }
      let boxes = try parts.prefix(2).map { part in
        let edges = try ModelConfig(["box": part], path: "pair").numbers("box").map { Float($0) }
        return GenEvalObject.Box(left: edges[0], top: edges[1], right: edges[2], bottom: edges[3])
      }
      let official = try ModelConfig(["found": parts[2]], path: "pair").texts("found")
      #expect(GenEvalRules.relations(of: boxes[0], to: boxes[1]).map(\.rawValue) == official, "\(pair)")
    }
  }

  @Test func `Scores are those that the official summary prints`() throws {
    let judged = try Judged()
    let summary = try #require(JSONValue.read("\(fixtures)/summary.json").string)
    for results in [judged.official, try GenEvalJudge(judged.suite, root: "/nowhere", nil)(judged.detections)] {
      let scores = try GenEvalScores.scores(judged.suite.matching(results), of: judged.suite)
      for score in scores where GenEvalTask(rawValue: score.name) != nil {
        let name = score.name.padding(toLength: 16, withPad: " ", startingAt: 0)
        let correct = Int((score.value * Double(score.samples)).rounded())
        let line = String(format: "\(name) = %.2f%% (\(correct) / \(score.samples))", 100 * score.value)
        #expect(summary.contains(line), "\(line)")
        #expect(try #require(score.interval).contains(score.value))
      }
      func value(_ name: String) throws -> Double { try #require(scores.first { $0.name == name }).value }
      #expect(summary.contains(String(format: "Overall score (avg. over tasks): %.5f", try value("overall"))))
      #expect(summary.contains(String(format: "%% correct images: %.2f%%", 100 * (try value("correct images")))))
      #expect(
        summary.contains(
          String(format: "%% correct prompts: %.2f%%", 100 * (try value("prompts with a correct image")))))
    }
  }

  @Test func `The official scorer's boxes are read as detections, and judged as it does`() throws {
    let judged = try Judged()
    let scratch = try Scratch()
    let path = try scratch.write(ScorerFixture.text("geneval/results.jsonl.gz"), to: "results.jsonl")
    let detections = try GenEvalDetections.read(path)
    let isColored = { (index: Int) in judged.suite.all[index].include.contains { $0.color != nil } }
    let plain = detections.filter { !isColored($0.index) }
    let made = try GenEvalJudge(judged.suite, root: "/nowhere", nil)(plain)
    let official = zip(detections, judged.official).filter { !isColored($0.0.index) }.map(\.1)
    #expect(made.map(\.reason) == official.map(\.reason))
    let colored = words { _ = try GenEvalJudge(judged.suite, root: "/nowhere", nil)(detections) }
    #expect(colored.contains("results.jsonl:") && colored.contains("is missing") && colored.contains("--clip"))
  }

  @Test func `Results are written as the official summary reads them`() throws {
    let judged = try Judged()
    let scratch = try Scratch()
    try GenEvalResult.write(judged.official, to: "\(scratch.folder)/r.jsonl")
    #expect(try GenEvalResult.read("\(scratch.folder)/r.jsonl") == judged.official)
  }

  /// Samples whose gray value encodes their number.
  private static func greys(_ texts: [String], _ first: Int) throws -> Tensor {
    try stacked(texts.indices.map { try Tensor.full([3, 4, 6], Double(first + $0) / 255) })
  }

  @Test func `Files lie where the official scorer looks for them, also after an interruption`() throws {
    let scratch = try Scratch()
    let suite = try GenEvalBenchmark("\(fixtures)/metadata.jsonl", limit: 1)
    #expect(suite.items.count == 6)
    let record = GenerationRecord(benchmark: suite.name, prompts: suite.prompts, seed: 0, model: [:])
    struct Cut: Error {}
    for isCut in [true, false] {
      let generation = try BenchmarkGeneration(suite, into: BenchmarkFolder(scratch.folder), record)
      #expect(generation.missing.count == (isCut ? 6 : 3))
      do {
        try generation(batch: 8, sampler: Self.greys) { if isCut, $0 == 3 { throw Cut() } }
      } catch is Cut {}
    }
    let root = BenchmarkFolder(scratch.folder).samples
    // The same search as in the official scorer: folders that are numbers, images by its pattern.
    let folders = try FileManager.default.contentsOfDirectory(atPath: root).sorted()
    #expect(folders == suite.indices.map { String(format: "%05d", $0) }.sorted())
    for name in folders {
      #expect(name.allSatisfy { $0.isASCII && $0.isNumber })
      let index = try #require(Int(name))
      let line = try String(contentsOfFile: "\(root)/\(name)/metadata.jsonl", encoding: .utf8)
      #expect(line == suite.all[index].line)
      let pictures = try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(name)/samples").sorted()
      #expect(pictures == ["0000.png", "0001.png", "0002.png", "0003.png"])
      #expect(pictures.allSatisfy { $0.prefixMatch(of: /\d+\.png/) != nil })
      for (number, picture) in pictures.enumerated() {
        let pixels = try RGBImage.read("\(root)/\(name)/samples/\(picture)")
        #expect((pixels.width, pixels.height) == (6, 4))
        #expect(Set(pixels.pixels) == [UInt8(truncatingIfNeeded: min(255, 4 * index + number))])
      }
      let grid = try RGBImage.read("\(root)/\(name)/grid.png")
      #expect((grid.width, grid.height) == (24, 4))
    }
    let sheet = "\(scratch.folder)/sheet.png"
    try BenchmarkSheet(suite).write(below: root, to: sheet)
    #expect(FileManager.default.fileExists(atPath: sheet))
  }

  @Test func `A picture that has gone is missed, and made again with its prompt`() throws {
    let scratch = try Scratch()
    let suite = try GenEvalBenchmark("\(fixtures)/metadata.jsonl", limit: 1)
    let record = GenerationRecord(benchmark: suite.name, prompts: suite.prompts, seed: 0, model: [:])
    let root = BenchmarkFolder(scratch.folder).samples
    func generate() throws -> [String] {
      let generation = try BenchmarkGeneration(suite, into: BenchmarkFolder(scratch.folder), record)
      let missing = generation.missing.map(\.prompt)
      try generation(batch: 8, sampler: Self.greys) { _ in }
      return missing
    }
    #expect(try generate().count == 6)
    var read = 0
    try suite.check(below: root) { read = $0 }
    #expect(read == 24)
    let picture = "\(suite.images(of: suite.indices[1])[2])"
    try FileManager.default.removeItem(atPath: "\(root)/\(picture)")
    let gone = words { try suite.check(below: root) }
    #expect(gone.contains("1 of 30 files are missing, the first is \(picture)"), "\(gone)")
    #expect(try generate() == [suite.items[1].prompt])
    try suite.check(below: root)
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(root)/\(picture)"))
    #expect(words { try suite.check(below: root) }.contains("\(picture): not an image"))
  }

  @Test func `Pictures in the folders of other prompts are refused`() throws {
    let scratch = try Scratch()
    let lines = try TextFile("\(fixtures)/metadata.jsonl").lines.prefix(2).map(\.text)
    let suite = try GenEvalBenchmark(scratch.write(lines.joined(separator: "\n"), to: "m.jsonl"))
    try suite.prepare(scratch.folder)
    let picture = try Tensor.zeros([3, 2, 2]).to(.uint8)
    for path in suite.indices.flatMap(suite.images) {
      try ImageFile.write(picture, to: "\(scratch.folder)/\(path)")
    }
    // Different white space is still the same prompt.
    try scratch.write(lines[0].replacing(": ", with: ":") + "\n", to: "00000/metadata.jsonl")
    try suite.check(below: scratch.folder)
    let reversed = try GenEvalBenchmark(scratch.write(lines.reversed().joined(separator: "\n"), to: "r.jsonl"))
    let other = words { try reversed.check(below: scratch.folder) }
    #expect(other.contains("00000/metadata.jsonl: the folder belongs to another prompt"), "\(other)")
    #expect(other.contains("expected \(lines[1])") && other.contains(", got "), "\(other)")
  }

  @Test func `A prompt that cannot be used is named by its line and its field`() throws {
    let scratch = try Scratch()
    let good =
      #"{"tag": "colors", "include": [{"class": "bench", "count": 1, "color": "red"}], "prompt": "a red bench"}"#
    func said(_ old: String, _ new: String) throws -> String {
      let path = try scratch.write("\(good)\n\(good.replacing(old, with: new))\n", to: "metadata.jsonl")
      return words { _ = try GenEvalPrompt.read(path) }
    }
    #expect(try said("", "").isEmpty)
    let cases = [
      (#""colors""#, #""colours""#, ["metadata.jsonl:2: tag", "single_object", "got 'colours'"]),
      (#""bench""#, #""sofa""#, ["metadata.jsonl:2: include[0]: class", "got 'sofa'"]),
      (#""red""#, #""grey""#, ["include[0]: color", "red, orange", "got 'grey'"]),
      (#""count": 1"#, #""count": 0"#, ["include[0]: count", "1 or more", "got 0"]),
      (#""count": 1, "#, "", ["include[0]", "'count' is missing"]),
      (#""color": "red""#, #""position": ["left of", 0]"#, ["include[0]: position", "an earlier object"]),
      (#""include""#, #""includes""#, ["metadata.jsonl:2: include", "got none"]),
      (#", "prompt": "a red bench""#, "", ["metadata.jsonl:2", "'prompt' is missing"]),
      (#""color""#, #""colour""#, ["metadata.jsonl:2: include[0]: colour", "class, count, color, position"]),
      (
        #", "prompt""#, #", "exclude": [{"class": "bench", "count": 2, "color": "red"}], "prompt""#,
        ["metadata.jsonl:2: exclude[0]: color: expected class, count, got"]
      ),
      (#"{"tag""#, #"["tag""#, ["metadata.jsonl:2", "expected a JSON object"]),
    ]
    for (old, new, expected) in cases {
      let got = try said(old, new)
      for part in expected { #expect(got.contains(part), "\(got)") }
    }
  }

  @Test func `Detections that cannot be used are named by their line and their field`() throws {
    let scratch = try Scratch()
    let good = """
      {"image": "00000/samples/0000.png", "objects": [{"class": "bench", "box": [1, 2, 30, 40.5], "score": 0.9}]}
      """
    func said(_ old: String, _ new: String, second: Bool = false) throws -> String {
      let line = good.replacing(old, with: new)
      let path = try scratch.write(second ? "\(good)\n\(line)" : line, to: "d.jsonl")
      return words {
        let judge = GenEvalJudge(try GenEvalBenchmark("\(fixtures)/metadata.jsonl"), root: "/nowhere", nil)
        _ = try judge(GenEvalDetections.read(path))
      }
    }
    #expect(try said("", "").isEmpty)
    #expect(try said("", "", second: true).contains("which is in line 1 as well"))
    let cases = [
      ("bench", "sofa", ["d.jsonl:1: objects[0]: class", "got 'sofa'"]),
      ("[1, 2, 30, 40.5]", "[1, 2, 30]", ["objects[0]: box", "[x0, y0, x1, y1]"]),
      ("[1, 2, 30, 40.5]", "[31, 2, 30, 40]", ["objects[0]: box", "x0 up to x1"]),
      (#""score": 0.9"#, #""score": "high""#, ["objects[0]: score", "a number"]),
      (#""score": 0.9"#, #""score": 90"#, ["objects[0]: score", "0 to 1, got 90"]),
      (#""score": 0.9"#, #""score": -0.1"#, ["objects[0]: score", "0 to 1, got -0.1"]),
      (#""score": 0.9"#, #""score": 0.9, "colour": "red""#, ["objects[0]: colour", "class, box, score, color, mask"]),
      ("00000/samples", "0000x/samples", ["d.jsonl:1: image", "INDEX/samples/NUMBER.png"]),
      ("0000.png", "0000.jpg", ["d.jsonl:1: image"]),
      ("00000/", "00110/", ["d.jsonl:1: 00110/samples/0000.png: expected a prompt from 0 to 109, got prompt 110"]),
      (#""objects""#, #""found""#, ["d.jsonl:1: objects", "got none"]),
    ]
    for (old, new, expected) in cases {
      let got = try said(old, new)
      for part in expected { #expect(got.contains(part), "\(got)") }
    }
  }

  @Test func `Results of other prompts, and results twice, are refused`() throws {
    let scratch = try Scratch()
    let judged = try Judged()
    var results = Array(judged.official.prefix(3))
    results[1].filename = results[0].filename
    try GenEvalResult.write(results, to: "\(scratch.folder)/r.jsonl")
    let twice = words { _ = try GenEvalResult.read("\(scratch.folder)/r.jsonl") }
    #expect(twice.contains("r.jsonl:2: filename") && twice.contains("line 1 as well"), "\(twice)")
    results[1] = judged.official[1]
    results[2].prompt = "a photo of something else"
    let other = words { _ = try judged.suite.matching(results) }
    #expect(other.contains("something else") && other.contains(judged.suite.all[0].text), "\(other)")
    let path = try scratch.write(
      #"{"filename": "00000/samples/0000.png", "tag": "colors", "correct": 1}"#, to: "x.jsonl")
    #expect(words { _ = try GenEvalResult.read(path) }.contains("x.jsonl:1"))
  }
}

@Suite struct GenEvalColorTests {
  private struct Case: Decodable {
    var `class`: String
    var picture: Int
    var box: [Float]
    var color: GenEvalColor
  }

  private static let clip = Repository.tests + "/EncodersTests/Fixtures"

  @Test func `Colours of crops, with masks and without, are the official classifier's`() throws {
    let scratch = try Scratch()
    let classifier = try GenEvalColorClassifier("\(Self.clip)/open-clip", tokenizer: "\(Self.clip)/clip-model")
    let cases = try JSONDecoder().decode(
      [Case].self, from: Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/colors.json")))
    let expected = try SafetensorsFile("\(fixtures)/colors.safetensors")
    let pictures = try SafetensorsFile("\(Self.clip)/pictures.safetensors")
    #expect(
      try largestDifference(classifier.classifier(of: cases[0].class), expected.tensor("classifier")) < 1e-5)
    for (index, wanted) in cases.enumerated() {
      let box = GenEvalObject.Box(left: wanted.box[0], top: wanted.box[1], right: wanted.box[2], bottom: wanted.box[3])
      var object = GenEvalObject(className: wanted.class, box: box, score: 0.9)
      if expected.names.contains("mask.\(index)") {
        let mask = try expected.tensor("mask.\(index)").to(.float32).unsqueezed(0)
        object.mask = "\(scratch.folder)/\(index).png"
        try PNGImage(pixels: mask).write(to: "\(scratch.folder)/\(index).png")
      }
      let picture = try pictures.tensor("picture.\(wanted.picture)")
      let logits = try classifier.logits(picture, [object])
      #expect(try largestDifference(logits[0], expected.tensor("logits.\(index)")) < 1e-3, "\(index)")
      #expect(try classifier.colors(picture, [object]) == [wanted.color])
    }
  }

  @Test func `What colours depend on includes the tokenizer`() throws {
    let scratch = try Scratch()
    let files = ["tokenizer.json", "tokenizer_config.json"]
    for name in files {
      let text = try String(contentsOfFile: "\(Self.clip)/clip-model/\(name)", encoding: .utf8)
      try scratch.write(
        text.replacing(/"model_max_length": \d+/, with: #""model_max_length": 5"#), to: name)
    }
    let fingerprints = try ["\(Self.clip)/clip-model", scratch.folder].map {
      try GenEvalColorClassifier("\(Self.clip)/open-clip", tokenizer: $0).fingerprint()
    }
    #expect(fingerprints[0]["tokenizer"] != fingerprints[1]["tokenizer"])
    #expect(fingerprints[0]["weights"] == fingerprints[1]["weights"])
  }

  @Test func `A box without pixels, and a mask of another size, are named`() throws {
    let scratch = try Scratch()
    let classifier = try GenEvalColorClassifier("\(Self.clip)/open-clip", tokenizer: "\(Self.clip)/clip-model")
    let picture = try SafetensorsFile("\(Self.clip)/pictures.safetensors").tensor("picture.1")
    func object(_ right: Float) -> GenEvalObject {
      GenEvalObject(className: "cat", box: .init(left: 5, top: 5, right: right, bottom: 30), score: 1)
    }
    let empty = words { _ = try classifier.colors(picture, [object(5.4)]) }
    #expect(empty.contains("the box of the cat contains no pixel"), "\(empty)")
    var masked = object(30)
    masked.mask = "\(scratch.folder)/mask.png"
    try PNGImage(pixels: .ones([1, 8, 8])).write(to: "\(scratch.folder)/mask.png")
    let wrong = words { _ = try classifier.colors(picture, [masked]) }
    #expect(
      wrong.contains("mask.png: the mask does not have its image's size; expected 64 by 64 pixels, got 8 by 8"),
      "\(wrong)")
  }

}
