import Files
import Foundation
import Tensors

/// A file with its caption: in a folder (NAME.jpg and NAME.txt), or in a WebDataset tar (members of one key).
struct CaptionedFile {
  /// The file's path, or TAR: MEMBER.
  let name: String
  /// Empty if there is none.
  let caption: String
  let bytes: () throws -> Data
  /// The path of a file of its own; nil for a tar's member.
  let path: String?

  /// All such files of the folders, including their subfolders, and of the tars, in the order of their names.
  ///
  /// - Parameters:
  ///   - kinds: the files' extensions.
  ///   - noun: "images".
  /// - Throws: `Failure` if a source does not exist or holds no such file.
  static func all(in sources: [String], kinds: Set<String>, _ noun: String) throws -> [CaptionedFile] {
    try sources.flatMap { source in
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: source, isDirectory: &isFolder) else {
        throw Failure(.missing, at: source, "no such folder or tar")
      }
      let found = try isFolder.boolValue ? inFolder(source, kinds) : inTar(source, kinds)
      guard !found.isEmpty else {
        throw Failure(
          .malformed, at: source, "it holds no \(noun)", expected: kinds.sorted().joined(separator: ", "))
      }
      return found
    }
  }

  /// The bytes of a file.
  static func contents(_ path: String) throws -> Data {
    do { return try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw Failure(.io, at: path, "cannot read the file")
    }
  }

  private static func inFolder(_ folder: String, _ kinds: Set<String>) throws -> [CaptionedFile] {
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
      let caption = try there.contains(text) ? Self.text(contents("\(folder)/\(text)"), "\(folder)/\(text)") : ""
      return CaptionedFile(name: path, caption: caption, bytes: { try contents(path) }, path: path)
    }
  }

  private static func inTar(_ path: String, _ kinds: Set<String>) throws -> [CaptionedFile] {
    let tar = try TarFile(path)
    return try tar.samples().compactMap { sample in
      guard let kind = kinds.sorted().first(where: { sample.members[$0] != nil }),
        let member = sample.members[kind]
      else { return nil }
      return CaptionedFile(
        name: tar.place(member), caption: try caption(of: sample, in: tar),
        bytes: { tar.withBytes(member) { Data($0) } }, path: nil)
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
