import Files
import Foundation
import Media
import Tensors

/// Pictures with captions, in folders (NAME.jpg and NAME.txt) and in WebDataset tars (members of one key).
public enum ImageSource {
  /// One picture; its file is read when it is needed.
  public struct Picture {
    /// Where it is: a file's path, or TAR: MEMBER.
    public let name: String
    /// Empty where there is none.
    public let caption: String
    /// The file's content.
    public let bytes: () throws -> Data

    init(name: String, caption: String, bytes: @escaping () throws -> Data) {
      (self.name, self.caption, self.bytes) = (name, caption, bytes)
    }

    /// The picture of a file.
    public init(file path: String, caption: String = "") {
      self.init(name: path, caption: caption) {
        do { return try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
          throw Failure(.io, at: path, "cannot read the file")
        }
      }
    }

    /// Pixels [3, height, width] in -1...1: resized (Lanczos, as PIL) so that it just covers the frame, what is too much of
    /// one side cut off evenly.
    ///
    /// - Throws: `Failure` naming the picture where it is damaged.
    func framed(height: Int, width: Int) throws -> (pixels: Tensor, frame: ImageFrame) {
      let data = try bytes()
      let image = try data.withUnsafeBytes { try RGBImage(decoding: $0, from: name) }
      let scale = max(Double(height) / Double(image.height), Double(width) / Double(image.width))
      let covered = (
        height: max(height, Int((Double(image.height) * scale).rounded())),
        width: max(width, Int((Double(image.width) * scale).rounded()))
      )
      let (top, left) = ((covered.height - height) / 2, (covered.width - width) / 2)
      let cut = try resized(image.tensor(), height: covered.height, width: covered.width, .lanczos)
        .part([.all, .range(top, top + height), .range(left, left + width)])
      let frame = ImageFrame(
        originalHeight: image.height, originalWidth: image.width, cropTop: top, cropLeft: left, height: height,
        width: width)
      return (try cut.to(.float32) * (1 / 127.5) - 1, frame)
    }
  }

  static let pictureKinds: Set<String> = ["jpg", "jpeg", "png", "webp"]

  /// All pictures of folders, which are searched to their ends, and of tars, in the order of their names.
  ///
  /// - Throws: `Failure` where a source is not there or holds no picture.
  public static func pictures(in sources: [String]) throws -> [Picture] {
    try sources.flatMap { source in
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: source, isDirectory: &isFolder) else {
        throw Failure(.missing, at: source, "there is no such folder or tar")
      }
      let found = try isFolder.boolValue ? inFolder(source) : inTar(source)
      guard !found.isEmpty else {
        throw Failure(
          .malformed, at: source, "it holds no pictures", expected: pictureKinds.sorted().joined(separator: ", "))
      }
      return found
    }
  }

  private static func inFolder(_ folder: String) throws -> [Picture] {
    guard let paths = FileManager.default.enumerator(atPath: folder) else {
      throw Failure(.io, at: folder, "cannot list the folder")
    }
    let names = paths.compactMap { $0 as? String }.sorted()
    let there = Set(names)
    return try names.compactMap { name in
      let (stem, kind) = ((name as NSString).deletingPathExtension, (name as NSString).pathExtension.lowercased())
      guard pictureKinds.contains(kind) else { return nil }
      let path = "\(folder)/\(name)"
      let text = "\(stem).txt"
      let caption =
        try there.contains(text)
        ? Self.text(Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(text)")), "\(folder)/\(text)") : ""
      return Picture(file: path, caption: caption)
    }
  }

  private static func inTar(_ path: String) throws -> [Picture] {
    let tar = try TarFile(path)
    return try tar.samples().compactMap { sample in
      guard let kind = pictureKinds.sorted().first(where: { sample.members[$0] != nil }),
        let member = sample.members[kind]
      else { return nil }
      return Picture(name: tar.place(member), caption: try caption(of: sample, in: tar)) {
        tar.withBytes(member) { Data($0) }
      }
    }
  }

  /// A member "txt", or "json" with one of a prompt file's keys.
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
