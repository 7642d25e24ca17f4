import Foundation
import Tensors
import TestSupport
import Testing

@testable import Benchmarks
@testable import Encoders
@testable import Media

@Suite struct VBenchScoreTests {
  private func prompt(_ style: String) -> VBenchPrompt { VBenchPrompt(text: "a", dimensions: [], style: style) }

  @Test(arguments: VBenchDimension.allCases.filter(\.isNative))
  func `Native dimensions give VBench's numbers of each video and of all, whatever the videos' shapes and lengths`(
    dimension: VBenchDimension
  ) throws {
    let expected = try VBenchFixtures.expected()
    let scorer = try VBenchScorer(dimension, VBenchFixtures.models, on: .cpu)
    let values = try zip(VBenchFixtures.names, expected.styles).map { name, style in
      try scorer(VBenchFixtures.tensor("\(name).frames"), of: prompt(style))
    }
    for (values, score) in zip(values, try #require(expected.videos[dimension.rawValue])) {
      #expect(abs(VBenchScorer.mean(values) - score) < 1e-6)
    }
    let score = try #require(expected.scores[dimension.rawValue])
    #expect(abs(VBenchScorer.score(of: values, dimension) - score) < 1e-6)
  }

  @Test
  func `DINO's features are those of its authors' code, for pictures of other shapes than it was trained on`() throws {
    let network = try DINO(VBenchFixtures.models.dino ?? "", on: .cpu)
    #expect(network.size == 32)
    for name in VBenchFixtures.names {
      let prepared = try VBenchMeasures.prepared(VBenchFixtures.tensor("\(name).frames"), size: 32)
      try #expect(largestDifference(network(prepared), VBenchFixtures.tensor("\(name).dino")) < 1e-5)
    }
  }

  @Test func `Frames are resized for CLIP as VBench does: in floating point and not antialiased`() throws {
    let processing = CLIPImageProcessing(size: 28, .sampledCrop)
    for name in VBenchFixtures.names {
      let frames = try VBenchFixtures.tensor("\(name).frames")
      let expected = try VBenchFixtures.tensor("\(name).clip")
      // Of the first frame; the others are prepared each by itself.
      let made = try processing(pixels: frames.to(.float32) / 255)
      try #expect(largestDifference(made.rows(0..<1), expected) < 1e-5)
      for index in 0..<frames.shape[0] {
        try #expect(largestDifference(processing(image: frames[.at(index)]), made[.at(index)]) < 1e-5)
      }
    }
  }

  @Test func `Files are decoded to the frames that decord and OpenCV see`() throws {
    for name in VBenchFixtures.names {
      let frames = try FFmpeg().read("\(VBenchFixtures.folder)/videos/\(name).mp4")
      let expected = try VBenchFixtures.tensor("\(name).frames")
      try #expect(largestDifference(frames.to(.int16), expected.to(.int16)) == 0)
    }
  }

  @Test func `Still videos do not flicker and are consistent; black and white ones flicker as much as can be`() throws {
    let still = try Tensor.full([3, 3, 8, 8], 90, .uint8)
    let flicker = try VBenchScorer(.temporalFlickering, VBenchModels(), on: .cpu)
    #expect(try flicker(still, of: prompt("")) == [1, 1])
    let blinking = try concatenated([Tensor.zeros([1, 3, 8, 8], .uint8), .full([1, 3, 8, 8], 255, .uint8)])
    #expect(try flicker(blinking, of: prompt("")) == [0])
    let opposite = try Tensor([1.0, 0, -1, 0, 0, 1], shape: [3, 2]).to(.float32)
    #expect(try VBenchMeasures.consistency(opposite) == [0, 0])
    let near = try VBenchMeasures.consistency(Tensor([1.0, 0, 1, 0, 0, 1], shape: [3, 2]).to(.float32))
    #expect(near == [1, 0])
  }

  @Test func `What cannot be measured is refused`() throws {
    let flicker = try VBenchScorer(.temporalFlickering, VBenchModels(), on: .cpu)
    let one = words { _ = try flicker(.zeros([1, 3, 8, 8], .uint8), of: prompt("")) }
    #expect(one.contains("expected at least 2 frames, which temporal_flickering compares, got 1"), "\(one)")
    for dimension in [VBenchDimension.color, .subjectConsistency] {
      let none = words { _ = try VBenchScorer(dimension, VBenchModels(), on: .cpu) }
      #expect(none.contains("its networks are missing"), "\(none)")
    }
    var models = VBenchFixtures.models
    models.dino = models.aesthetic
    let other = words { _ = try VBenchScorer(.subjectConsistency, models, on: .cpu) }
    #expect(other.contains("single.pth: cls_token: there is no such tensor"), "\(other)")
    models.aesthetic = models.aesthetic?.replacing("single.pth", with: "several.pth")
    let layers = words { _ = try VBenchScorer(.aestheticQuality, models, on: .cpu) }
    #expect(layers.contains("several.pth") && layers.contains("expected one linear layer"), "\(layers)")
  }

  @Test func `What a style's words are split by belongs to the scorer`() throws {
    let scorer = try VBenchScorer(.appearanceStyle, VBenchFixtures.models, on: .cpu)
    #expect(try scorer.fingerprint["tokenizer"] == CLIPTokenizer(VBenchFixtures.models.clipB32 ?? "").digest)
  }

  @Test func `Totals are those of VBench's script, and of incomplete scores there are none`() throws {
    let expected = try VBenchFixtures.expected()
    var scores = Dictionary(
      uniqueKeysWithValues: try expected.madeUp.map { (try #require(VBenchDimension(rawValue: $0)), $1) })
    let totals = VBenchTotals(scores)
    for key in [\VBenchTotals.quality, \.semantic, \.total] {
      #expect(try abs(#require(totals[keyPath: key]) - #require(expected.totals[keyPath: key])) < 1e-12)
    }
    scores[.scene] = nil
    let partial = VBenchTotals(scores)
    #expect(partial.quality == totals.quality && partial.semantic == nil && partial.total == nil)
  }

  @Test func `Results of VBench's package are read, and written in its format`() throws {
    let scratch = try Scratch()
    let list = "[{\"prompt_en\": \"a\", \"dimension\": [\"color\", \"scene\", \"imaging_quality\"]}]"
    let prompts = try VBenchPrompts(scratch.write(list, to: "list.json"))
    let path = try scratch.write(
      """
      {"color": [0.75, [{"video_path": "v/a-0.mp4", "video_results": 1.0, "success_frame_count": 16},
       {"video_path": "v/a-1.mp4", "video_results": false}]], "scene": [1, []],
       "imaging_quality": [0.7, [{"video_path": "v/a-4.mp4", "video_results": 70.0}]]}
      """, to: "r_eval_results.json")
    let results = try VBenchResults(path, of: prompts)
    #expect(results.dimensions[.color]?.score == 0.75 && results.dimensions[.scene]?.score == 1)
    #expect(results.dimensions[.color]?.videos.map(\.score) == [1, 0])
    try results.write(to: scratch.path("again.json"))
    #expect(try VBenchResults(scratch.path("again.json"), of: prompts) == results)
    func video(_ name: String, _ score: String) -> String {
      "{\"color\": [0.5, [{\"video_path\": \"v/\(name)\", \"video_results\": \(score)}]]}"
    }
    for (json, expected) in [
      ("[]", "expected VBench's results"), ("{\"colour\": [1, []]}", "colour: VBench has no such dimension"),
      ("{\"color\": [\"high\", []]}", "color: expected [score, list of videos], got [\"high\",[]]"),
      ("{\"color\": NaN}", "color: expected [score, list of videos], got \"NaN\""), ("{\"color\": nan}", "not JSON"),
      ("{\"scene\": [1.5, []]}", "scene: expected a score from 0.0 to 1.0, got 1.5"),
      (video("a-0.mp4", "1.5"), "color: a-0.mp4: expected a score from 0.0 to 1.0, got 1.5"),
      (video("a-5.mp4", "1"), "color: a-5.mp4: the video stands there twice, or is none"),
      (video("a-0.mp4", "\"high\""), "color: expected videos with \"video_path\""),
    ] {
      let said = words { _ = try VBenchResults(scratch.write(json, to: "bad.json"), of: prompts) }
      #expect(said.contains("bad.json") && said.contains(expected), "\(said)")
    }
  }
}
