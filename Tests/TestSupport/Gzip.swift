import Files
import Foundation

/// The content of a gzip file. Its last four bytes give the decompressed size.
package func unzipped(_ path: String) throws -> Data {
  let size = try Data(contentsOf: URL(fileURLWithPath: path)).suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
  return Data(try GzipFile(path).read(size, path))
}
