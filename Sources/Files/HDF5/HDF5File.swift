import CHDF5
import Foundation
import Tensors

/// An HDF5 file: tensors, texts and attributes, at paths such as `/student/down/0/weight`. Python's h5py can read it.
///
/// Paths start at the root, with or without `/`. Errors are `Failure`s whose place is `file:/path`. The object may be
/// used from several threads; calls then wait for one another.
///
/// Files are written in the format of HDF5 1.10, whose internal structures have checksums. Older formats have none, and
/// a maliciously damaged file can crash libhdf5 itself: read such files only from people you trust.
public final class HDF5File: @unchecked Sendable {  // its variables are only touched under the library's lock
  /// The mode in which a file is opened.
  public enum Access: Sendable {
    case readOnly
    case readWrite
    /// Reads a file to which another process is appending; see `allowReadersWhileWriting()`.
    case whileBeingWritten
  }

  /// The path of the file.
  public let path: String
  let access: Access
  private var id: HDF5ID?
  private var hasReaders = false
  /// The files that hold rows of this one's datasets, by path.
  var pieces = [String: HDF5File]()

  private init(path: String, access: Access, id: HDF5ID) {
    self.path = path
    self.access = access
    self.id = id
  }

  /// Makes an empty file and overwrites an existing one. To keep the old file until the new one is complete, use
  /// `write(to:_:)`.
  public static func create(_ path: String) throws -> HDF5File {
    try HDF5Library.locked {
      try HDF5Library.patiently { try checkIsNotInUse(path) }
      let id = try accessList(at: path).use { list in
        try HDF5Library.own(H5Fclose, "cannot create the file", at: path, .io) {
          H5Fcreate(path, chdf5_truncate(), chdf5_default(), list)
        }
      }
      return HDF5File(path: path, access: .readWrite, id: id)
    }
  }

  /// Opens an existing file.
  ///
  /// - Throws: `.missing` if there is none, `.malformed` if it is not an HDF5 file or was cut short, `.io` if another
  ///   process is writing it.
  public static func open(_ path: String, _ access: Access = .readOnly) throws -> HDF5File {
    try open(path, access, closing: H5F_CLOSE_STRONG)
  }

  /// - Parameter degree: must be that of others in this process who have the file open, or it is not opened.
  static func open(
    _ path: String, _ access: Access = .readOnly, closing degree: H5F_close_degree_t
  ) throws -> HDF5File {
    try checkIsHDF5(path)
    return try HDF5Library.locked {
      let flags =
        switch access {
        case .readOnly: chdf5_read_only()
        case .readWrite: chdf5_read_write()
        case .whileBeingWritten: chdf5_read_only() | chdf5_swmr_read()
        }
      let id = try HDF5Library.patiently {
        try accessList(at: path, closing: degree).use { list in
          try HDF5Library.own(H5Fclose, "cannot open the file", at: path, .malformed) { H5Fopen(path, flags, list) }
        }
      }
      return HDF5File(path: path, access: access, id: id)
    }
  }

  /// H5Fcreate empties an existing file before it checks whether another process has locked it.
  private static func checkIsNotInUse(_ path: String) throws {
    let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { return }
    defer { _ = Foundation.close(descriptor) }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw HDF5Library.inUse("cannot replace the file", at: path)
    }
  }

  private static func checkIsHDF5(_ path: String) throws {
    let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw Failure.system(errno, "cannot open the file", path: path) }
    _ = Foundation.close(descriptor)
    if HDF5Library.locked({ H5Fis_hdf5(path) }) == 0 {
      throw Failure(
        .malformed, at: path, expected: "an HDF5 file", got: "something else, or a file cut short",
        advice: "Check the path, or copy or write the file again.")
    }
  }

  /// Replaces the file at `path` with the one that `body` writes, in one step: after an error, or a crash, the previous
  /// file is still there.
  public static func write<Result>(to path: String, _ body: (HDF5File) throws -> Result) throws -> Result {
    try AtomicFile.write(to: path) { temporary in
      let file = try create(temporary)
      do {
        let result = try body(file)
        try file.close()
        return result
      } catch {
        try? file.close()
        throw error
      }
    }
  }

  /// Lets other processes read (`.whileBeingWritten`, or h5py's `swmr=True`) while this one appends to its datasets.
  ///
  /// This is HDF5's single-writer/multiple-reader mode, with HDF5's limits: all datasets and attributes must exist
  /// before this call. Afterwards only rows can be added; readers see them after `flush()`.
  public func allowReadersWhileWriting() throws {
    try withID { id in
      try HDF5Library.check(H5Fstart_swmr_write(id), "cannot let other processes read", at: path, .io)
      hasReaders = true
    }
  }

  /// Passes everything to the operating system. An error here often means a full disk.
  public func flush() throws {
    try withID { try HDF5Library.check(H5Fflush($0, H5F_SCOPE_GLOBAL), "cannot write the file", at: path, .io) }
  }

  /// Writes the remaining data and closes the file and all its datasets. Closing twice is harmless.
  ///
  /// Without this call the file is closed with its last reference, and a full disk is not reported. A file that is
  /// still open when the process ends is never closed: it keeps what was last flushed.
  public func close() throws {
    try HDF5Library.locked {
      guard let id else { return }
      if access == .readWrite { try flush() }
      self.id = nil
      try id.use { try HDF5Library.check(H5Fclose($0), "cannot close the file", at: path, .io) }
    }
  }

  // MARK: For the other files of this folder

  @discardableResult
  func withID<R>(_ body: (hid_t) throws -> R) throws -> R {
    try HDF5Library.locked {
      guard let id else { throw Failure(.io, at: path, "the file has been closed by this program") }
      return try id.use(body)
    }
  }

  /// Refuses changes that HDF5 would refuse with a less clear message.
  func checkMayAdd(_ what: String, at path: String) throws {
    if access != .readWrite {
      throw Failure(.io, at: place(path), "cannot add \(what): the file is open for reading only")
    }
    if HDF5Library.locked({ hasReaders }) {
      throw Failure(
        .io, at: place(path), "cannot add \(what) once other processes may read the file",
        advice: "Create it before `allowReadersWhileWriting()`.")
    }
  }

  func place(_ path: String) -> String { "\(self.path):/\(Self.components(path).joined(separator: "/"))" }

  static func components(_ path: String) -> [String] {
    path.split(separator: "/").map(String.init).filter { $0 != "." }
  }

  /// Makes a file readable again after its writer was killed: HDF5 assumes that such a file is still being written. The
  /// data that the writer had flushed are there. Does nothing to other files.
  ///
  /// - Throws: `.missing`, `.malformed`, or `.io` if another process has the file open.
  public static func recover(_ path: String) throws {
    try checkIsHDF5(path)
    try HDF5Library.locked {
      let list = try accessList(at: path)
      // The property that the program h5clear sets. The file's lock is taken first.
      var clear: hbool_t = true
      try list.use { list in
        try HDF5Library.check(
          H5Pset(list, "clear_status_flags", &clear), "cannot recover the file", at: path, .io)
        let file = try HDF5Library.own(H5Fclose, "cannot recover the file", at: path, .malformed) {
          H5Fopen(path, chdf5_read_write(), list)
        }
        try file.use { try HDF5Library.check(H5Fclose($0), "cannot recover the file", at: path, .io) }
      }
    }
  }

  private static func accessList(
    at path: String, closing degree: H5F_close_degree_t = H5F_CLOSE_STRONG
  ) throws -> HDF5ID {
    let list = try HDF5Library.own(H5Pclose, "cannot open the file", at: path, .io) { H5Pcreate(chdf5_file_access()) }
    list.use { list in
      // Strong, as h5py: no dataset keeps a closed file open.
      H5Pset_fclose_degree(list, degree)
      // Checksums of the structures, and readers while writing.
      H5Pset_libver_bounds(list, chdf5_latest_format(), chdf5_latest_format())
    }
    return list
  }
}
