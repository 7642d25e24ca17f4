import Fewstep
import Foundation
import Processes
import Tensors
import TestSupport
import Testing

@testable import Benchmarks
@testable import Media

@Suite struct VBenchPromptsTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test
  func `The list of VBench 0.1.5 is read: 946 entries, and of each dimension as many as its package counts`() throws {
    let prompts = try VBenchFixtures.prompts(in: scratch)
    #expect(prompts.all.count == 946)
    #expect(Set(prompts.all.map(\.text)).count == 944)
    for (name, videos) in try VBenchFixtures.expected().counts {
      let dimension = try #require(VBenchDimension(rawValue: name))
      #expect(5 * prompts.prompts(of: dimension).count == videos, "\(name)")
    }
    #expect(prompts.prompts(of: .appearanceStyle).first?.style == "Van Gogh style")
    #expect(prompts.all[56].text.contains("façades"))
  }

  @Test func `Files have the names that VBench's standard mode accepts, all of them and no other`() throws {
    let suite = try VBenchBenchmark(VBenchFixtures.prompts(in: scratch), framesPerSecond: 16)
    let accepted = String(decoding: try VBenchFixtures.data("accepted.txt.gz"), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    #expect(accepted.count == 4730)
    // Two prompts occur twice in the list; their videos are made once.
    #expect(suite.items.count == 4720)
    #expect(Set(suite.items.map(\.path)) == Set(accepted))
    #expect(suite.items[7].path == "a toilet, frozen in time-2.mp4")
    #expect(Set(suite.items.map(\.samples.lowerBound)).count == 4720)
  }

  @Test func `Flickering's prompts can have 25 videos, and one dimension can be made alone`() throws {
    let prompts = try VBenchFixtures.prompts(in: scratch)
    let many = try VBenchBenchmark(prompts, flickering: 25, framesPerSecond: 16)
    #expect(many.items.count == 4720 + 20 * 75)
    #expect(many.items[24].path == "In a still frame, a stop sign-24.mp4")
    let one = try VBenchBenchmark(prompts, dimensions: [.color], framesPerSecond: 16)
    #expect(one.items.count == 5 * 85 && one.prompts == many.prompts)
    // A video's noise depends on its number only.
    let numbers = Dictionary(uniqueKeysWithValues: many.items.map { ($0.path, $0.samples) })
    #expect(one.items.allSatisfy { numbers[$0.path] == $0.samples } && numbers.count == many.items.count)
  }

  @Test func `Augmented prompts are what a model is asked for; the names keep the originals`() throws {
    let lines = (0..<946).map { "longer \($0)\r\n" }.joined()
    let prompts = try VBenchFixtures.prompts(in: scratch, augmented: scratch.write(lines, to: "augmented.txt"))
    let suite = try VBenchBenchmark(prompts, framesPerSecond: 16)
    #expect(
      suite.items[5] == BenchmarkItem(path: "a toilet, frozen in time-0.mp4", prompt: "longer 1", samples: 25..<26))
    let plain = try VBenchBenchmark(VBenchFixtures.prompts(in: scratch), framesPerSecond: 16)
    #expect(plain.items[5].prompt == "a toilet, frozen in time" && plain.prompts != suite.prompts)
    for (text, expected) in [
      ("one\ntwo\n", "expected 946 lines, one for each entry"), ("one\n\ntwo", "augmented.txt:2: the line is empty"),
    ] {
      let said = words {
        _ = try VBenchFixtures.prompts(in: scratch, augmented: scratch.write(text, to: "augmented.txt"))
      }
      #expect(said.contains(expected), "\(said)")
    }
    let none = words { _ = try VBenchFixtures.prompts(in: scratch, augmented: scratch.path("none")) }
    #expect(none.contains("none: cannot read the file"), "\(none)")
  }

  @Test(arguments: [
    ("[]", "expected a JSON list of prompts"), ("{}", "expected a JSON list of prompts"), ("[", "not JSON"),
    ("[{\"dimension\": [\"color\"]}]", "[0].prompt_en: expected a text that is not empty, got nothing"),
    ("[{\"prompt_en\": 3, \"dimension\": [\"color\"]}]", "[0].prompt_en: expected a text that is not empty, got 3"),
    (
      "[{\"prompt_en\": \"a\", \"dimension\": [\"color\"]}, {\"prompt_en\": \"b\", \"dimension\": [\"colour\"]}]",
      "[1].dimension: expected names such as color and scene, got \"colour\""
    ), ("[{\"prompt_en\": \"a\", \"dimension\": \"color\"}]", "[0].dimension: expected a list of dimensions"),
    (
      "[{\"prompt_en\": \"a\", \"dimension\": [\"appearance_style\"]}]",
      "[0].auxiliary_info.appearance_style.appearance_style: expected the style's text, got nothing"
    ), ("[{\"prompt_en\": \"a/b\", \"dimension\": [\"color\"]}]", "can be a file's name"), ("[7]", "[0].prompt_en"),
  ])
  func `Fields that are wrong are named with their entry`(json: String, expected: String) throws {
    let said = words { _ = try VBenchPrompts(scratch.write(json, to: "list.json")) }
    #expect(said.contains("list.json") && said.contains(expected), "\(said)")
  }

  @Test func `Videos have the frame rate of the model that made them, and a model of images is not judged`() throws {
    let prompts = try VBenchPrompts(scratch.write(VBenchFixtures.list(.color), to: "list.json"))
    let suite = try VBenchBenchmark(prompts)
    #expect(suite.accepting(.images) == nil)
    let pixels = try Tensor.zeros([1, 3, 6, 16, 16])
    let file = scratch.path("v.mp4")
    expectError(.software, "frame rate is not known") { try suite.write(pixels, of: suite.items[0], to: file) }
    for rate in [6.0, 12] {
      let accepting = try #require(suite.accepting(.videos(framesPerSecond: rate)))
      try accepting.write(pixels, of: suite.items[0], to: file)
      let said = try #require(Program("ffprobe")).run(
        ["-v", "error", "-show_entries", "stream=r_frame_rate", "-of", "csv=p=0", file])
      #expect(String(decoding: said.output, as: UTF8.self).hasPrefix("\(Int(rate))/1"))
    }
  }

  @Test func `Pixels of videos become files, and those of pictures are refused`() throws {
    let prompts = try VBenchPrompts(scratch.write(VBenchFixtures.list(.color), to: "list.json"))
    let suite = try VBenchBenchmark(prompts, framesPerSecond: 8)
    let item = suite.items[0]
    #expect(item.path == "wide-0.mp4")
    // Brighter from frame to frame, beyond the range of 8 bits.
    let pixels = try (Tensor.range(to: 4) / 2).reshaped([1, 1, 4, 1, 1]).expanded([1, 3, 4, 16, 24])
    try suite.write(pixels, of: item, to: scratch.path(item.path))
    let frames = try FFmpeg().read(scratch.path(item.path))
    #expect(frames.shape == [4, 3, 16, 24])
    let levels = try (0..<4).map { try mean(frames[.at($0)].to(.float32)).item() }
    #expect(zip(levels, [0, 128, 255, 255]).allSatisfy { abs($0 - $1) < 3 }, "\(levels)")
    let picture = words {
      try suite.write(.zeros([1, 3, 16, 16]), of: item, to: scratch.path("picture.mp4"))
    }
    #expect(
      picture.contains("expected a video [1, 3, frames, height, width]") && picture.contains("which is an image"),
      "\(picture)")
  }

  @Test func `Of a folder's videos those that VBench looks for are found, and the missing ones named`() throws {
    let prompts = try VBenchPrompts(scratch.write(VBenchFixtures.list(.color), to: "list.json"))
    for name in ["wide-0.mp4", "wide-7.mp4", "tall-4.mp4", "else.mp4"] { try scratch.write("", to: name) }
    let videos = try VBenchVideos(scratch.folder, of: .color, prompts)
    #expect(videos.found.map(\.path) == [scratch.path("wide-0.mp4"), scratch.path("tall-4.mp4")])
    #expect(videos.missing.count == 13 && videos.missing.first == "wide-1.mp4")
    #expect(try VBenchVideos(scratch.folder, of: .scene, prompts).found.isEmpty)
    let none = words { _ = try VBenchVideos(scratch.path("none"), of: .color, prompts) }
    #expect(none.contains("there is no such folder"), "\(none)")
  }
}
