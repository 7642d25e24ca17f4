import Foundation
import Tensors

/// A tar archive, mapped into memory, as WebDataset uses them: a list of members with their offsets. Extracts nothing.
///
/// Formats: ustar, GNU's and pax's long names, GNU's large sizes. Members that are not plain files (folders, links,
/// devices) are skipped; a sparse file is an error.
public final class TarFile: Sendable {
  /// A file in the archive.
  public struct Member: Equatable, Sendable {
    /// The name as stored in the archive. It may contain slashes and dots, so do not use it as an output path.
    public let name: String
    /// The byte offset of the content in the archive.
    public let offset: Int
    /// The size in bytes.
    public let size: Int
  }

  /// The path of the archive.
  public let path: String
  /// The members in the order of the archive.
  public let members: [Member]
  private let file: MappedFile

  /// - Throws: `Failure`: `.missing`, or `.malformed` if the file is not a tar archive, is compressed, damaged or cut
  ///   short.
  public init(_ path: String) throws {
    self.path = path
    file = try MappedFile(path)
    var headers = TarHeaders(file: file)
    var members: [Member] = []
    while let member = try headers.next() { members.append(member) }
    self.members = members
  }

  /// The name of a member in errors.
  public func place(_ member: Member) -> String { "\(path): \(member.name)" }

  /// Passes the content of one of this archive's members to `body`, which must not keep it.
  public func withBytes<R>(_ member: Member, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    precondition(member.offset >= 0 && member.size >= 0 && member.offset <= file.count - member.size)
    return try file.withBytes(member.offset, member.size, body)
  }
}

extension TarFile {
  /// The members that make up one example: `a/b.jpg` and `a/b.txt` are "jpg" and "txt" of "a/b".
  public struct Sample: Sendable {
    /// The members' common name, without extensions.
    public let key: String
    /// Members by the part of the file name after the first dot, in lower case: "jpg", "seg.png".
    public internal(set) var members: [String: Member]
  }

  /// The samples in WebDataset's convention: members whose names agree up to the first dot after the last slash belong
  /// together, even if they are not adjacent. Samples are in the order of their first members. A repeated key with a
  /// kind that its sample already has starts another sample. Names without a dot, or that begin with one, belong to no
  /// sample.
  ///
  /// - Throws: `Failure.malformed` if adjacent members have the same sample and kind.
  public func samples() throws -> [Sample] {
    var samples: [Sample] = []
    var places: [String: Int] = [:]
    var last: String?
    for member in members {
      let nameStart = member.name.lastIndex(of: "/").map(member.name.index(after:)) ?? member.name.startIndex
      guard let dot = member.name[nameStart...].firstIndex(of: "."), dot > nameStart else { continue }
      let key = String(member.name[..<dot])
      let kind = member.name[member.name.index(after: dot)...].lowercased()
      if let place = places[key], samples[place].members[kind] == nil {
        samples[place].members[kind] = member
      } else if last == key {
        throw Failure(.malformed, at: place(member), "the sample '\(key)' has two members '\(kind)'")
      } else {
        places[key] = samples.count
        samples.append(Sample(key: key, members: [kind: member]))
      }
      last = key
    }
    return samples
  }
}
