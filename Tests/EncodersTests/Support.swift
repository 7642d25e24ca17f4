import Foundation
import Tensors
import TestSupport

@testable import Files

let fixtures = "\(Repository.tests)/EncodersTests/Fixtures"

/// The content of a gzip file. Its last four bytes give the decompressed size.
func unzipped(_ name: String) throws -> Data {
  let path = "\(fixtures)/\(name)"
  let size = try Data(contentsOf: URL(fileURLWithPath: path)).suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
  return Data(try GzipFile(path).read(size, name))
}

extension Scratch {
  func write(_ value: JSONValue, to name: String) throws { try write(value.description, to: name) }
}
