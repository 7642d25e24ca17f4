import Files
import Foundation
import Processes
import Tensors

/// Video files, through the programs ffmpeg and ffprobe (Debian's package ffmpeg).
public struct FFmpeg: Sendable {
  /// The size limit of a decoded video in bytes: 3,500 frames of 480 x 832.
  static let largest = 1 << 32

  private let ffmpeg: Program
  private let ffprobe: Program

  /// - Parameter path: the folders to search, in the format of the variable PATH; by default that variable.
  /// - Throws: `Failure.missing` if one of the programs is not installed.
  public init(path: String? = nil) throws {
    func find(_ name: String) throws -> Program {
      guard let program = Program(name, in: path) else {
        throw Failure(
          .missing, at: name, "the program is not installed", advice: "Videos need it: apt-get install ffmpeg")
      }
      return program
    }
    (ffmpeg, ffprobe) = (try find("ffmpeg"), try find("ffprobe"))
  }

  /// The first line of `ffmpeg -version`.
  public func version() throws -> String {
    String(decoding: try ffmpeg.run(["-version"]).output.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  /// Writes frames as an mp4 that OpenCV, decord and browsers can decode: H.264 in yuv420p, with x264's constant
  /// quantizer 10, at which the loss is invisible.
  ///
  /// yuv420p has one color for every 2 x 2 pixels, so height and width must be even: cropping, padding or stretching
  /// would change the video.
  ///
  /// - Parameters:
  ///   - frames: uint8 [F, 3, H, W], RGB.
  ///   - rate: frames per second.
  ///   - path: the output file, which appears complete or not at all.
  /// - Throws: `Failure`.
  public func write(_ frames: Tensor, framesPerSecond rate: Double, to path: String) throws {
    guard frames.rank == 4, frames.shape[1] == 3, frames.dtype == .uint8, frames.count > 0 else {
      throw Failure(
        .malformed, at: path, expected: "frames uint8 [F, 3, H, W], at least one", got: frames.summary)
    }
    let (height, width) = (frames.shape[2], frames.shape[3])
    guard height.isMultiple(of: 2), width.isMultiple(of: 2) else {
      throw Failure(
        .malformed, at: path, expected: "frames of even height and width, as yuv420p needs them",
        got: "\(height) x \(width)", advice: "Make videos of another size.")
    }
    guard (0.01...1000).contains(rate) else {
      throw Failure(.malformed, at: path, expected: "0.01 to 1000 frames a second", got: "\(rate)")
    }
    try AtomicFile.checkWritable(path)
    let raw = try frames.permuted([0, 2, 3, 1]).contiguous().withBytes { Data($0) }
    try AtomicFile.write(to: path) { temporary in
      let input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "\(width)x\(height)", "-framerate", "\(rate)"]
      let output = ["-c:v", "libx264", "-qp", "10", "-pix_fmt", "yuv420p", "-f", "mp4", "file:\(temporary)"]
      let result = try ffmpeg.run(["-v", "error"] + input + ["-i", "pipe:0"] + output, input: raw)
      guard result.status == 0 else {
        throw Failure(.io, at: path, "ffmpeg could not write the video: \(Self.reason(result))")
      }
    }
  }

  /// The frames of a video, uint8 [F, 3, H, W], RGB, turned as the file says.
  ///
  /// - Parameters:
  ///   - rate: frames of a second, repeated or left out if the video has another number; nil takes all as they are.
  ///   - count: the number of frames that are read, from the first; nil reads all.
  /// - Throws: `Failure`: `.missing`, or `.malformed` if the file is not such a video, is damaged, cut short or too
  ///   long.
  public func read(_ path: String, framesPerSecond rate: Double? = nil, count wanted: Int? = nil) throws -> Tensor {
    _ = try MappedFile(path)
    let formats = ["mp4": "mov", "mov": "mov", "gif": "gif", "webm": "matroska", "mkv": "matroska"]
    guard let format = formats[(path as NSString).pathExtension.lowercased()] else {
      throw Failure(.malformed, at: path, "not a video that is read", expected: ".mp4, .mov, .webm, .mkv or .gif")
    }
    // No other file is opened, whatever this file refers to.
    let input = ["-protocol_whitelist", "file", "-f", format, "-i", "file:\(path)"]
    let (width, height) = try size(of: path, input)
    let frame = 3 * width * height
    let most = Self.largest / frame
    let timing = rate.map { ["-vf", "fps=\($0)"] } ?? ["-vsync", "passthrough"]
    let frames = ["-map", "0:v:0"] + timing + ["-frames:v", "\(wanted ?? most + 1)"]
    let result = try ffmpeg.run(
      ["-v", "error", "-nostdin"] + input + frames
        + ["-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"])
    // ffmpeg decodes what it can of a damaged file and exits with 0, but it prints errors.
    guard result.status == 0, result.errorOutput.isEmpty, !result.output.isEmpty,
      result.output.count.isMultiple(of: frame)
    else { throw Self.damaged(path, result) }
    let count = result.output.count / frame
    guard count <= most else {
      throw Failure(
        .malformed, at: path, "the video is too long",
        expected: "at most \(most) frames of \(width) x \(height)", got: "more")
    }
    let rows = try result.output.withUnsafeBytes {
      try Tensor(bytes: $0, shape: [count, height, width, 3], dtype: .uint8)
    }
    return try rows.permuted([0, 3, 1, 2]).contiguous()
  }

  private func size(of path: String, _ input: [String]) throws -> (width: Int, height: Int) {
    let result = try ffprobe.run(
      ["-v", "error"] + input + [
        "-select_streams", "v:0", "-show_entries", "stream=width,height:stream_side_data=rotation", "-of", "json",
      ])
    let found = try? JSONDecoder().decode(JSONValue.self, from: result.output)
    guard result.status == 0, case .array(let streams)? = found?["streams"],
      case .integer(let width)? = streams.first?["width"], case .integer(let height)? = streams.first?["height"]
    else { throw Self.damaged(path, result) }
    try RGBImage.checkSize(width, height, path)
    // ffmpeg turns frames as the file says, such as those of a phone held upright.
    var isTurned = false
    if case .array(let data)? = streams.first?["side_data_list"], case .integer(let angle)? = data.first?["rotation"] {
      isTurned = angle % 180 != 0
    }
    return isTurned ? (height, width) : (width, height)
  }

  private static func damaged(_ path: String, _ result: Program.Result) -> Failure {
    Failure(.malformed, at: path, "not a video, or a damaged one: \(reason(result))")
  }

  /// The first lines of a program's error output, or its exit code.
  private static func reason(_ result: Program.Result) -> String {
    // Without addresses in its memory.
    let lines = result.errorOutput.split(separator: "\n").prefix(3).joined(separator: "; ")
      .replacingOccurrences(of: " @ 0x[0-9a-f]+", with: "", options: .regularExpression)
    if !lines.isEmpty { return lines }
    return result.status == 0 ? "it has no images" : "it ended with code \(result.status)"
  }
}
