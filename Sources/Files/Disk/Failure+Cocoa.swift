import Foundation
import Tensors

extension Failure {
  /// Converts Foundation's error from a file operation.
  public init(_ error: CocoaError) {
    let path = error.filePath ?? error.url?.path ?? "a file"
    if let cause = error.underlying as NSError?, cause.domain == NSPOSIXErrorDomain {
      self = .system(Int32(cause.code), "cannot read or write", path: path)
    } else {
      let kind: Kind =
        switch error.code {
        case .fileNoSuchFile, .fileReadNoSuchFile: .missing
        case .fileReadCorruptFile, .fileReadInapplicableStringEncoding, .fileReadUnknownStringEncoding: .malformed
        default: .io
        }
      self.init(kind, at: path, error.localizedDescription)
    }
  }
}
