import Files
import Foundation
import Media
import Tensors

/// Images with captions, in folders (NAME.jpg and NAME.txt) and in WebDataset tars (members of one key).
public enum ImageSource {
  /// One image.
  public struct Image: MediaItem {
    public let name: String
    public let caption: String
    public let bytes: () throws -> Data

    init(name: String, caption: String, bytes: @escaping () throws -> Data) {
      (self.name, self.caption, self.bytes) = (name, caption, bytes)
    }

    /// The image in a file.
    public init(file path: String, caption: String = "") {
      self.init(name: path, caption: caption) {
        do { return try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
          throw Failure(.io, at: path, "cannot read the file")
        }
      }
    }

    /// The image resized (Lanczos, as in PIL) so that it just covers the frame, then center-cropped.
    public func framed(to size: MediaSize) throws -> (pixels: Tensor, frame: MediaFrame) {
      let data = try bytes()
      let image = try data.withUnsafeBytes { try RGBImage(decoding: $0, from: name) }
      let scale = max(Double(size.height) / Double(image.height), Double(size.width) / Double(image.width))
      let covered = (
        height: max(size.height, Int((Double(image.height) * scale).rounded())),
        width: max(size.width, Int((Double(image.width) * scale).rounded()))
      )
      let (top, left) = ((covered.height - size.height) / 2, (covered.width - size.width) / 2)
      let cut = try resized(image.tensor(), height: covered.height, width: covered.width, .lanczos)
        .part([.all, .range(top, top + size.height), .range(left, left + size.width)])
      let frame = MediaFrame(
        original: MediaSize(height: image.height, width: image.width), cropTop: top, cropLeft: left, size: size)
      return (try cut.to(.float32) * (1 / 127.5) - 1, frame)
    }
  }

  static let kinds: Set<String> = ["jpg", "jpeg", "png", "webp"]

  /// All images of the folders, including their subfolders, and of the tars, in the order of their names.
  ///
  /// - Throws: `Failure` if a source does not exist or holds no image.
  public static func images(in sources: [String]) throws -> [Image] {
    try sources.flatMap { source in
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: source, isDirectory: &isFolder) else {
        throw Failure(.missing, at: source, "no such folder or tar")
      }
      let found = try isFolder.boolValue ? inFolder(source) : inTar(source)
      guard !found.isEmpty else {
        throw Failure(
          .malformed, at: source, "it holds no images", expected: kinds.sorted().joined(separator: ", "))
      }
      return found
    }
  }

  private static func inFolder(_ folder: String) throws -> [Image] {
    guard let paths = FileManager.default.enumerator(atPath: folder) else {
      throw Failure(.io, at: folder, "cannot list the folder")
    }
    let names = paths.compactMap { $0 as? String }.sorted()
    let there = Set(names)
    return try names.compactMap { name in
      let (stem, kind) = ((name as NSString).deletingPathExtension, (name as NSString).pathExtension.lowercased())
      guard kinds.contains(kind) else { return nil }
      let path = "\(folder)/\(name)"
      let text = "\(stem).txt"
      let caption =
        try there.contains(text)
        ? Self.text(Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(text)")), "\(folder)/\(text)") : ""
      return Image(file: path, caption: caption)
    }
  }

  private static func inTar(_ path: String) throws -> [Image] {
    let tar = try TarFile(path)
    return try tar.samples().compactMap { sample in
      guard let kind = kinds.sorted().first(where: { sample.members[$0] != nil }),
        let member = sample.members[kind]
      else { return nil }
      return Image(name: tar.place(member), caption: try caption(of: sample, in: tar)) {
        tar.withBytes(member) { Data($0) }
      }
    }
  }

  /// The caption in a member "txt", or in a member "json" under one of a prompt file's keys.
  private static func caption(of sample: TarFile.Sample, in tar: TarFile) throws -> String {
    if let member = sample.members["txt"] { return try text(tar.withBytes(member) { Data($0) }, tar.place(member)) }
    guard let member = sample.members["json"] else { return "" }
    let line = try text(tar.withBytes(member) { Data($0) }, tar.place(member))
    return try PromptFile.prompt(in: line, at: tar.place(member))
  }

  private static func text(_ data: Data, _ place: String) throws -> String {
    guard let text = String(data: data, encoding: .utf8) else {
      throw Failure(.malformed, at: place, expected: "a caption in UTF-8", got: "other bytes")
    }
    return try PromptFile.checked(text.trimmingCharacters(in: .whitespacesAndNewlines), at: place)
  }
}
