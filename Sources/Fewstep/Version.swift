import Foundation

/// The release of this copy of Fewstep.
public enum Release {
  /// As in CHANGELOG.md and CITATION.cff.
  public static let version = "0.1.0"

  /// The folder of the sources from which it was compiled.
  public static let checkout: String = {
    var folder = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { folder.deleteLastPathComponent() }
    return folder.path
  }()
}
