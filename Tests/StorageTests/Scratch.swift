import Files
import Foundation
import Tensors
import Testing

/// A folder for one test, removed with the object.
final class Scratch: Sendable {
  let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "fewstep-storage-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func path(_ name: String) -> String { folder + "/" + name }

  func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }

  var files: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }
  }
}

func contents(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

/// Expects a `Failure` of a kind, whose words contain all of the given ones.
func expectError(
  _ kind: Failure.Kind, _ words: String..., location: SourceLocation = #_sourceLocation,
  from body: () throws -> Void
) {
  do {
    try body()
    Issue.record("no error was thrown", sourceLocation: location)
  } catch let error as Failure {
    #expect(error.kind == kind, "\(error)", sourceLocation: location)
    for word in words { #expect(error.description.contains(word), "\(error)", sourceLocation: location) }
  } catch {
    Issue.record("not a Failure: \(error)", sourceLocation: location)
  }
}

/// Small numbers that every dtype can hold, the first negative where there is a sign.
func sample(_ dtype: DType, _ shape: [Int]) throws -> Tensor {
  let isSigned = dtype != .uint8 && dtype != .bool
  let values = (0..<shape.reduce(1, *)).map { Double($0 % 100) - (isSigned ? 2 : 0) }
  return try Tensor(values, shape: shape).to(dtype)
}

func bytes(_ tensor: Tensor) throws -> [UInt8] { try tensor.withBytes { Array($0) } }

func expectEqual(_ a: Tensor, _ b: Tensor, location: SourceLocation = #_sourceLocation) throws {
  #expect(a.dtype == b.dtype, sourceLocation: location)
  #expect(a.shape == b.shape, sourceLocation: location)
  #expect(try bytes(a) == bytes(b), sourceLocation: location)
}
