import Files
import Foundation
import Media
import Tensors

/// Videos with captions, in folders (NAME.mp4 and NAME.txt) and in WebDataset tars (members of one key).
public enum VideoSource {
  /// One video, of which the first frames are taken at a given rate.
  public struct Video: MediaItem {
    public let name: String
    public let caption: String
    public let bytes: () throws -> Data
    let path: String?
    let framesPerSecond: Double
    let ffmpeg: FFmpeg

    /// Every frame resized and cropped like an image, see `MediaFrame`.
    ///
    /// - Throws: `Failure` if the video is damaged, or shorter than `size.frames`.
    public func framed(to size: MediaSize) throws -> (pixels: Tensor, frame: MediaFrame) {
      let count = size.frames ?? 1
      let frames = try path.map { try read($0, count) } ?? inTemporaryFile { try read($0, count) }
      guard frames.shape[0] == count else {
        throw Failure(
          .malformed, at: name, "the video is too short",
          expected: "\(count) frames at \(framesPerSecond) a second", got: "\(frames.shape[0])")
      }
      let cut = try (0..<count).map { try MediaFrame.cut(frames[.at($0)], to: size) }
      var frame = cut[0].frame
      frame.original.frames = count
      return (try stacked(cut.map(\.image), 1).to(.float32) * (1 / 127.5) - 1, frame)
    }

    private func read(_ path: String, _ count: Int) throws -> Tensor {
      do { return try ffmpeg.read(path, framesPerSecond: framesPerSecond, count: count) } catch var error as Failure {
        // A tar's member is in a temporary file by now.
        error.place = name
        throw error
      }
    }

    /// ffmpeg seeks in a video, which it cannot in a pipe.
    private func inTemporaryFile<R>(_ body: (String) throws -> R) throws -> R {
      let path = NSTemporaryDirectory() + "fewstep-\(UUID()).\((name as NSString).pathExtension.lowercased())"
      defer { try? FileManager.default.removeItem(atPath: path) }
      do { try bytes().write(to: URL(fileURLWithPath: path)) } catch let error as Failure { throw error } catch {
        throw Failure(.io, at: path, "cannot write a temporary file")
      }
      return try body(path)
    }
  }

  static let kinds: Set<String> = ["mp4", "mov", "webm", "mkv", "gif"]

  /// All videos of the folders, including their subfolders, and of the tars, in the order of their names.
  ///
  /// - Throws: `Failure` if ffmpeg is not installed, or a source does not exist or holds no video.
  public static func videos(in sources: [String], framesPerSecond: Double) throws -> [Video] {
    let ffmpeg = try FFmpeg()
    return try CaptionedFile.all(in: sources, kinds: kinds, "videos").map {
      Video(
        name: $0.name, caption: $0.caption, bytes: $0.bytes, path: $0.path, framesPerSecond: framesPerSecond,
        ffmpeg: ffmpeg)
    }
  }
}
