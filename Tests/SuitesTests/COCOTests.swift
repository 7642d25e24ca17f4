import Foundation
import Storage
import Suites
import Tensors
import Testing

@Suite struct COCOTests {
  @Test("The CLIP score is DMD2's: a prefix behind the start, pictures at 256 pixels first")
  func clipScore() throws {
    let expected = try COCOFixtures.expected("clip-score").doubles()
    let score = try CLIPScore("\(COCOFixtures.clip)/open-clip", tokenizer: "\(COCOFixtures.clip)/clip-model")
    let pictures = try expected.indices.map { try RGBImage.read("\(COCOFixtures.pictures)/0000\($0).png").tensor() }
    let captions = try COCOCaptions.read("\(COCOFixtures.folder)/captions.txt")
    let cosines = try score.cosines(pictures: pictures, captions: captions)
    for (cosine, wanted) in zip(cosines, expected) { #expect(abs(cosine - wanted) < 1e-4) }
    #expect(cosines.contains { $0 < 0 }, "the test would not see a limit at 0")
    let plain = try CLIPScore(
      "\(COCOFixtures.clip)/open-clip", tokenizer: "\(COCOFixtures.clip)/clip-model", prefix: "", fit: .whole)
    #expect(plain.identity != score.identity)
    #expect(try abs(plain.cosines(pictures: pictures, captions: captions)[0] - cosines[0]) > 1e-3)
  }

  @Test("A text file is read as DMD2 reads it: one caption a line, empty lines left out")
  func text() throws {
    let scratch = try Scratch()
    let path = try scratch.write("a cat\n\n  two dogs \na bird", to: "captions.txt")
    #expect(try COCOCaptions.read(path) == ["a cat", "two dogs", "a bird"])
  }

  @Test("Of COCO's annotations the caption with the lowest id stands for its image, in the order of the images")
  func annotations() throws {
    let scratch = try Scratch()
    let path = try scratch.write(
      """
      {"info": {}, "images": [{"id": 7}, {"id": 3}], "annotations": [
        {"image_id": 7, "id": 21, "caption": "seven, later"}, {"image_id": 3, "id": 30, "caption": "three\\n"},
        {"image_id": 7, "id": 20, "caption": " seven,\\nfirst"}, {"image_id": 3, "id": 31, "caption": "three, later"}]}
      """, to: "captions_val2014.json")
    #expect(try COCOCaptions.read(path) == ["three", "seven, first"])
  }

  @Test(
    "Annotations with other fields are refused with their place",
    arguments: [
      (#"{"images": []}"#, ["there is no 'annotations'"]),
      (
        #"{"annotations": [{"image_id": 1, "id": 2, "caption": "a"}, {"image_id": 1, "id": 2}]}"#,
        ["annotations[1]", "'caption'"]
      ),
      (#"{"annotations": [{"image_id": "1", "id": 2, "caption": "a"}]}"#, ["annotations[0].image_id", "another kind"]),
      (#"{"annotations": [{"image_id": 1, "id": 2, "caption": "\n"}]}"#, ["annotation 2", "the caption is empty"]),
      (#"{"annotations": []}"#, ["the file holds no captions"]), ("a cat", ["not JSON"]),
    ])
  func wrongAnnotations(json: String, expected: [String]) throws {
    let scratch = try Scratch()
    let path = try scratch.write(json, to: "captions.json")
    let words = words { _ = try COCOCaptions.read(path) }
    for part in expected { #expect(words.contains(part), "\(words)") }
    #expect(words.contains("captions.json"))
  }
}
