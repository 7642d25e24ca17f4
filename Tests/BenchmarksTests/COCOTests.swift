import Benchmarks
import Evaluation
import Fewstep
import Foundation
import Media
import Tensors
import TestSupport
import Testing

@Suite struct COCOTests {
  @Test func `The CLIP score is DMD2's: a prefix behind the start, pictures at 256 pixels first`() throws {
    let expected = try COCOFixtures.expected("clip-score").doubles()
    let score = try CLIPScore("\(COCOFixtures.clip)/open-clip", tokenizer: "\(COCOFixtures.clip)/clip-model")
    let pictures = try expected.indices.map { try RGBImage.read("\(COCOFixtures.images)/0000\($0).png").tensor() }
    let captions = try COCOCaptions.read("\(COCOFixtures.folder)/captions.txt")
    let cosines = try score.cosines(images: pictures, captions: captions)
    for (cosine, wanted) in zip(cosines, expected) { #expect(abs(cosine - wanted) < 1e-4) }
    #expect(cosines.contains { $0 < 0 }, "the test would not see a limit at 0")
    let plain = try CLIPScore(
      "\(COCOFixtures.clip)/open-clip", tokenizer: "\(COCOFixtures.clip)/clip-model", prefix: "", fit: .whole)
    #expect(plain.fingerprint != score.fingerprint)
    #expect(try abs(plain.cosines(images: pictures, captions: captions)[0] - cosines[0]) > 1e-3)
  }

  @Test
  func `FID and patch-FID are clean-fid's of DMD2's pictures, whether the real side is a folder or features of it`()
    throws
  {
    let captions = try COCOCaptions.read("\(COCOFixtures.folder)/captions.txt")
    let suite = COCOBenchmark(captions, limit: 5)
    #expect(suite.items.map(\.path) == (0..<5).map { "0000\($0).png" })
    let network = try Inception("\(COCOFixtures.folder)/small.pt")
    let scratch = try Scratch()
    let pictures = try ImageSource.images(in: [COCOFixtures.images])
    let kept = try [ImageFit.square(96), .patch(299)].map { fit in
      let path = scratch.path("\(fit).h5")
      try ImageFeatures(of: pictures, network, fit).write(to: path)
      return path
    }
    var found = [COCOScores]()
    for sources in [[COCOFixtures.images], kept] {
      var reports = Set<String>()
      var scores = try COCOScores(suite, root: COCOFixtures.images, batch: 3) { reports.insert("\($2) \($1)") }
      try scores.addFrechetDistance("FID", network, .square(96), to: RealImages(sources))
      try scores.addFrechetDistance("patch-FID", network, .patch(299), to: RealImages(sources))
      #expect(
        reports.isSuperset(of: ["FID 5", "patch-FID 5"])
          && reports.contains("FID, real images 6") == (sources != kept))
      for (score, name) in zip(scores.scores, ["fid.square", "fid.patch"]) {
        #expect(try abs(score.value / COCOFixtures.expected(name).item() - 1) < 1e-4)
        #expect(score.samples == 5 && score.interval != nil && score.warning != nil)
      }
      found.append(scores)
    }
    #expect(found[0].scores == found[1].scores && found[0].fingerprint == found[1].fingerprint)
    #expect(found[0].fingerprint["FID.fit"] == "square 96")
    var other = found[0]
    let refused = words { try other.addFrechetDistance("FID", network, .square(64), to: RealImages(kept)) }
    #expect(refused.contains("no features fit this network") && refused.contains("square 64"), "\(refused)")
    #expect(
      words { _ = try COCOScores(COCOBenchmark(captions + ["more"]), root: COCOFixtures.images, batch: 3) }
        .contains("1 of 7 files are missing, the first is 00006.png"))
  }

  @Test func `A text file is read as DMD2 reads it: one caption a line, empty lines left out`() throws {
    let scratch = try Scratch()
    let path = try scratch.write("a cat\n\n  two dogs \na bird", to: "captions.txt")
    #expect(try COCOCaptions.read(path) == ["a cat", "two dogs", "a bird"])
  }

  @Test
  func `Of COCO's annotations the caption with the lowest id stands for its image, in the order of the images`() throws
  {
    let scratch = try Scratch()
    let path = try scratch.write(
      """
      {"info": {}, "images": [{"id": 7}, {"id": 3}], "annotations": [
        {"image_id": 7, "id": 21, "caption": "seven, later"}, {"image_id": 3, "id": 30, "caption": "three\\n"},
        {"image_id": 7, "id": 20, "caption": " seven,\\nfirst"}, {"image_id": 3, "id": 31, "caption": "three, later"}]}
      """, to: "captions_val2014.json")
    #expect(try COCOCaptions.read(path) == ["three", "seven, first"])
  }

  @Test(arguments: [
    (#"{"images": []}"#, ["there is no 'annotations'"]),
    (
      #"{"annotations": [{"image_id": 1, "id": 2, "caption": "a"}, {"image_id": 1, "id": 2}]}"#,
      ["annotations[1]", "'caption'"]
    ),
    (#"{"annotations": [{"image_id": "1", "id": 2, "caption": "a"}]}"#, ["annotations[0].image_id", "another kind"]),
    (#"{"annotations": [{"image_id": 1, "id": 2, "caption": "\n"}]}"#, ["annotation 2", "the caption is empty"]),
    (#"{"annotations": []}"#, ["the file holds no captions"]), ("a cat", ["not JSON"]),
  ])
  func `Annotations with other fields are refused with their place`(json: String, expected: [String]) throws {
    let scratch = try Scratch()
    let path = try scratch.write(json, to: "captions.json")
    let words = words { _ = try COCOCaptions.read(path) }
    for part in expected { #expect(words.contains(part), "\(words)") }
    #expect(words.contains("captions.json"))
  }
}
