import Foundation

/// Folders of the checkout that these tests were built from.
package enum Repository {
  package static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
  package static let tests = "\(root)/Tests"
}
