import Foundation

extension YAMLNode {
  /// The tree as block YAML that `parse` reads back as the same values.
  ///
  /// Lists of scalars that fit are written inline as `[1, 2]`. An entry's comment follows its value, or its key if the
  /// value takes several lines. Positions are ignored.
  public func text() -> String {
    var writer = YAMLWriter()
    writer.writeDocument(self)
    return writer.text
  }

  /// Writes the tree to a file, atomically, ending in a newline.
  ///
  /// - Throws: `Failure` like `AtomicFile.write`.
  public func write(to path: String) throws {
    try AtomicFile.write(Data(text().utf8), to: path)
  }
}
