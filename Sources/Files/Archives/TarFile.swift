import Foundation
import Tensors

/// A tar archive, mapped into memory, as WebDataset has them: a list of members, each with its place. Nothing is extracted.
///
/// Formats: ustar, GNU's and pax's long names, GNU's large sizes. Members that are no plain files (folders, links, devices)
/// are passed over; a sparse file is an error.
public final class TarFile: Sendable {
  /// A file in the archive.
  public struct Member: Equatable, Sendable {
    /// As it stands in the archive: it may have slashes, and dots, and is no path to write to.
    public let name: String
    /// Where the content begins in the archive.
    public let offset: Int
    /// In bytes.
    public let size: Int
  }

  /// The archive.
  public let path: String
  /// In the order of the archive.
  public let members: [Member]
  private let file: MappedFile

  /// - Throws: `Failure`: `.missing`, or `.malformed` if the file is no tar archive, is compressed, damaged or cut
  ///   short.
  public init(_ path: String) throws {
    self.path = path
    file = try MappedFile(path)
    var headers = TarHeaders(file: file)
    var members: [Member] = []
    while let member = try headers.next() { members.append(member) }
    self.members = members
  }

  /// How errors name a member.
  public func place(_ member: Member) -> String { "\(path): \(member.name)" }

  /// The content of one of this archive's members, which `body` must not keep.
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
    /// By what follows the first dot of the file's name, in lower case: "jpg", "seg.png".
    public internal(set) var members: [String: Member]
  }

  /// The members in WebDataset's way: those whose names agree up to the first dot after the last slash belong together, also
  /// where they are no neighbours; samples are in the order of their first members. A key that comes again, with a kind that
  /// its sample has already, is another sample. Names without a dot, or that begin with it, belong to no sample.
  ///
  /// - Throws: `Failure.malformed` if neighbours are of one sample and one kind.
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
