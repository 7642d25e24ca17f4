import ArgumentParser
import Fewstep
import Files
import Foundation
import Reports
import Tensors

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is in an HDF5 file, or in weights: safetensors, torch's, or the index of several.",
    discussion: "Example:  fewstep inspect runs/quickstart/checkpoints/step-100.h5")

  @Argument(help: "An .h5, .safetensors, .pt, .pth, .ckpt or .bin file, or the .json index of shards.") var file: String
  @Flag(help: "Print JSON.") var json = false

  private struct Entry: Encodable {
    let name: String
    let dtype: String
    let shape: [Int]
    /// nil for texts.
    let norm: Double?
    let hash: String
  }

  func run() throws {
    let opened = try TensorFile(file)
    let entries = try opened.names.map { name in
      let tensor = try opened.tensor(name)
      return Entry(
        name: name, dtype: tensor.dtype.name, shape: tensor.shape,
        norm: tensor.count == 0 ? 0 : try tensor.to(.float64).norm().item(), hash: try hash([tensor]))
    }
    let texts = opened.texts.map { name, values in
      Entry(
        name: name, dtype: "text", shape: [values.count], norm: nil, hash: hash(values.joined(separator: "\u{0}")))
    }
    if json { return print(try JSONEncoder.prettyText(entries + texts)) }
    for (name, value) in opened.attributes { print("\(name): \(value)") }
    print(
      try Table(
        columns: ["tensor", "dtype", "shape", "norm", "hash"],
        rows: (entries + texts).map {
          [
            .text($0.name), .text($0.dtype), .text("\($0.shape)"), $0.norm.map { .number($0) } ?? .missing,
            .text($0.hash),
          ]
        }
      ).text)
    print("\(entries.count) tensors, \(entries.reduce(0) { $0 + $1.shape.reduce(1, *) }) numbers")
  }
}

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare two files tensor by tensor.",
    discussion: """
      Example:  fewstep diff runs/a/checkpoints/step-200.h5 runs/b/checkpoints/step-200.h5

      Exits with 0 when every tensor is identical, to the bit, and with 1 when not.
      """)

  @Argument(help: "One file.") var first: String
  @Argument(help: "The other one.") var second: String

  func run() throws {
    let (a, b) = (try TensorFile(first), try TensorFile(second))
    var different = 0
    for name in a.names where !b.names.contains(name) { print("\(name): only in \(first)"); different += 1 }
    for name in b.names where !a.names.contains(name) { print("\(name): only in \(second)"); different += 1 }
    let (ours, theirs) = (a.textsByName, b.textsByName)
    for name in Set(ours.keys).union(theirs.keys).sorted() where ours[name] != theirs[name] {
      print("\(name): other texts")
      different += 1
    }
    for name in a.names where b.names.contains(name) {
      let (x, y) = (try a.tensor(name), try b.tensor(name))
      guard x.shape == y.shape, x.dtype == y.dtype else {
        print("\(name): \(x.summary) and \(y.summary)")
        different += 1
        continue
      }
      guard try hash([x]) != hash([y]) else { continue }
      different += 1
      let error = try abs(x.to(.float64) - y.to(.float64)).reshaped([-1]).maximum([0]).item()
      print("\(name): largest difference \(brief(error)), norm \(brief(try x.to(.float64).norm().item()))")
    }
    guard different == 0 else {
      print("\(different) tensors differ")
      throw ExitCode(1)
    }
    print("all \(a.names.count) tensors are identical")
  }
}
