import Foundation
import Tensors
import TestSupport
import Testing

@testable import Media
@testable import Processes

@Suite struct FFmpegTests {
  /// A moving gradient: uint8 [F, 3, H, W].
  private func frames(_ count: Int, _ height: Int, _ width: Int) throws -> Tensor {
    let values = (0..<count * 3 * height * width).map { place -> Double in
      let (x, y) = (place % width, place / width % height)
      let (channel, t) = (place / (width * height) % 3, place / (3 * width * height))
      return [Double(x * 255 / width), Double(y * 255 / height), Double(40 * t)][channel]
    }
    return try Tensor(values, shape: [count, 3, height, width]).to(.uint8)
  }

  private func gaps(_ a: Tensor, _ b: Tensor) throws -> [Double] { try abs(a.to(.int16) - b.to(.int16)).doubles() }

  @Test(arguments: [(5, 48, 32), (1, 32, 64)])
  func `Frames come back nearly as they were, each of them and in their order`(count: Int, height: Int, width: Int)
    throws
  {
    let scratch = try Scratch()
    let frames = try frames(count, height, width)
    let path = scratch.path("a video's name, 100% -0.mp4")
    try FFmpeg().write(frames, framesPerSecond: 16, to: path)
    #expect(try scratch.files() == ["a video's name, 100% -0.mp4"])
    let back = try FFmpeg().read(path)
    #expect(back.shape == frames.shape && back.dtype == .uint8)
    let gaps = try gaps(frames, back)
    #expect(gaps.reduce(0, +) / Double(gaps.count) < 4, "colours are those of half the resolution, and no more")
    #expect(gaps.allSatisfy { $0 < 25 })
  }

  @Test func `A video that says that it lies on its side is turned`() throws {
    let scratch = try Scratch()
    try FFmpeg().write(frames(3, 16, 32), framesPerSecond: 8, to: scratch.path("a.mp4"))
    // Newer programs have an option for it, and older ones a tag.
    let ffmpeg = try #require(Program("ffmpeg"))
    let (a, b) = (scratch.path("a.mp4"), scratch.path("b.mp4"))
    let ways = [
      ["-display_rotation", "90", "-i", a, "-c", "copy", b], ["-i", a, "-c", "copy", "-metadata:s:v", "rotate=90", b],
    ]
    #expect(try ways.contains { try ffmpeg.run(["-v", "error"] + $0).status == 0 })
    let (plain, back) = (try FFmpeg().read(a), try FFmpeg().read(b))
    #expect(back.shape == [3, 3, 32, 16])
    let turned = try plain.transposed(2, 3)
    let isTurned = try [2, 3].contains { try gaps(back, turned.flipped([$0])).allSatisfy { $0 < 8 } }
    #expect(isTurned)
  }

  @Test func `Frames are taken at another rate, and only as many as are wanted`() throws {
    let scratch = try Scratch()
    try FFmpeg().write(frames(12, 16, 16), framesPerSecond: 24, to: scratch.path("a.mp4"))
    let all = try FFmpeg().read(scratch.path("a.mp4"))
    let half = try FFmpeg().read(scratch.path("a.mp4"), framesPerSecond: 12)
    #expect(all.shape[0] == 12 && half.shape[0] == 6)
    #expect(try FFmpeg().read(scratch.path("a.mp4"), framesPerSecond: 12, count: 4).shape[0] == 4)
    #expect(try gaps(half[.at(3)], all[.at(6)]).allSatisfy { $0 <= 40 })
  }

  @Test func `The file is H.264 in yuv420p at the rate that was asked for`() throws {
    let scratch = try Scratch()
    try FFmpeg().write(frames(4, 16, 16), framesPerSecond: 12.5, to: scratch.path("a.mp4"))
    let probe = try #require(Program("ffprobe"))
    let said = try probe.run(
      ["-v", "error", "-show_entries", "stream=codec_name,pix_fmt,avg_frame_rate,nb_frames", "-of", "csv=p=0"]
        + [scratch.path("a.mp4")])
    #expect(String(decoding: said.output, as: UTF8.self) == "h264,yuv420p,25/2,4\n")
  }

  @Test func `A file is replaced whole or stays as it was`() throws {
    let scratch = try Scratch()
    let path = try scratch.write("before".utf8, to: "a.mp4")
    // A program that is killed half-way.
    let half = try fake(scratch, "ffmpeg", "for last; do :; done; echo half > \"${last#file:}\"; kill -KILL $$")
    expectError(.io, "a.mp4: ffmpeg could not write the video: it ended with code 137") {
      try half.write(frames(1, 16, 16), framesPerSecond: 8, to: path)
    }
    let words = try fake(scratch, "ffmpeg", "echo no space >&2; exit 3")
    expectError(.io, "no space") { try words.write(frames(1, 16, 16), framesPerSecond: 8, to: path) }
    #expect(try contents(path) == Data("before".utf8))
    #expect(try scratch.files() == ["a.mp4", "bin"])
    try FFmpeg().write(frames(1, 16, 16), framesPerSecond: 8, to: path)
    #expect(try FFmpeg().read(path).shape == [1, 3, 16, 16])
  }

  /// The programs, one of them replaced by a shell script.
  private func fake(_ scratch: Scratch, _ name: String, _ script: String) throws -> FFmpeg {
    let folder = scratch.path("bin")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for program in ["ffmpeg", "ffprobe"] {
      let text = program == name ? script : "exit 0"
      try Data("#!/bin/sh\n\(text)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(program)"))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder)/\(program)")
    }
    return try FFmpeg(path: folder)
  }

  @Test func `What cannot be written is refused`() throws {
    let scratch = try Scratch()
    let ffmpeg = try FFmpeg()
    func refused(_ frames: Tensor, rate: Double = 8, _ words: String) {
      expectError(.malformed, words) { try ffmpeg.write(frames, framesPerSecond: rate, to: scratch.path("a.mp4")) }
    }
    try refused(frames(2, 16, 15), "even height and width, as yuv420p needs them, got 16 x 15")
    try refused(frames(2, 16, 16).to(.float32), "expected frames uint8 [F, 3, H, W]")
    try refused(.zeros([0, 3, 16, 16], .uint8), "at least one")
    try refused(frames(2, 16, 16), rate: .nan, "frames a second, got nan")
    expectError(.missing, "folder") {
      try ffmpeg.write(frames(1, 16, 16), framesPerSecond: 8, to: scratch.path("none/a.mp4"))
    }
    #expect(try scratch.files().isEmpty)
  }

  @Test func `Damaged files, files cut short and other files are refused`() throws {
    let scratch = try Scratch()
    let ffmpeg = try FFmpeg()
    let path = scratch.path("a.mp4")
    try ffmpeg.write(frames(8, 64, 64), framesPerSecond: 8, to: path)
    // With its index at the front, a truncated file can still be opened.
    let program = try #require(Program("ffmpeg"))
    let front = scratch.path("front.mp4")
    _ = try program.run(["-v", "error", "-i", path, "-c", "copy", "-movflags", "faststart", front])
    for (name, data) in [
      ("cut.mp4", try contents(path).dropLast(100)), ("cut-front.mp4", try contents(front).dropLast(200)),
      ("text.mp4", Data("#EXTM3U\n/etc/passwd\n".utf8)), ("text.gif", Data("GIF89a".utf8)),
    ] {
      let path = try scratch.write(data, to: name)
      expectError(.malformed, name, "not a video, or a damaged one") { _ = try ffmpeg.read(path) }
    }
    var bytes = try contents(front)
    for place in stride(from: bytes.count - 400, to: bytes.count - 100, by: 3) { bytes[place] ^= 0x5A }
    let broken = try scratch.write(bytes, to: "broken.mp4")
    expectError(.malformed, "broken.mp4") { _ = try ffmpeg.read(broken) }
    let empty = try scratch.write([], to: "empty.mp4")
    expectError(.malformed, "empty") { _ = try ffmpeg.read(empty) }
    let other = try scratch.write("x".utf8, to: "a.avi")
    expectError(.malformed, "expected .mp4, .mov, .webm, .mkv or .gif") { _ = try ffmpeg.read(other) }
    expectError(.missing, "none.mp4") { _ = try ffmpeg.read(scratch.path("none.mp4")) }
  }

  @Test func `Animations are read`() throws {
    let scratch = try Scratch()
    try FFmpeg().write(frames(3, 16, 16), framesPerSecond: 5, to: scratch.path("a.mp4"))
    let program = try #require(Program("ffmpeg"))
    _ = try program.run(["-v", "error", "-i", scratch.path("a.mp4"), scratch.path("a.gif")])
    #expect(try FFmpeg().read(scratch.path("a.gif")).shape == [3, 3, 16, 16])
  }

  @Test func `Without the programs the error says how to get them`() throws {
    expectError(.missing, "ffmpeg: the program is not installed", "apt-get install ffmpeg") {
      _ = try FFmpeg(path: "/nonexistent")
    }
  }
}
