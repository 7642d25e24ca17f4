import Foundation
import Tensors

extension YAMLNode {
  /// Reads a file that holds one YAML document.
  ///
  /// - Throws: `Failure`: `.missing` if there is no such file, `.malformed` like `parse`, `.io`.
  public static func load(path: String) throws -> YAMLNode {
    guard let data = FileManager.default.contents(atPath: path) else {
      // contents(atPath:) does not report the reason.
      let descriptor = open(path, O_RDONLY)
      if descriptor < 0 { throw Failure.system(errno, "cannot read the file", path: path) }
      defer { _ = close(descriptor) }
      var status = stat()
      if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        throw Failure.system(EISDIR, "cannot read the file", path: path)
      }
      throw Failure(.malformed, at: path, expected: "a file of text", got: "a device or a pipe")
    }
    return try parse(data, file: path)
  }

  /// Reads one YAML document from text. `file` is the file name in positions.
  ///
  /// Anchors and aliases work: an alias is a copy of its anchor's tree, with the anchor's positions. These are refused
  /// with file, line and column: a key that occurs twice, keys that are not scalars, merge keys (`<<`), an alias inside
  /// its own anchor, tags other than `!!str`, a second document, and trees that are too deep or, by aliases, too large.
  /// An empty text is a null scalar.
  ///
  /// - Throws: `Failure` of kind `.malformed`.
  public static func parse(_ text: String, file: String = "(text)") throws -> YAMLNode {
    try parse(Data(text.utf8), file: file)
  }

  private static func parse(_ data: Data, file: String) throws -> YAMLNode {
    try data.withUnsafeBytes { bytes in
      let events = try YAMLEvents(bytes, file: file)
      var composer = YAMLComposer(events)
      return try composer.document()
    }
  }
}
