import ArgumentParser
import Fewstep
import Files
import Foundation
import Reports
import Tensors

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the tensors in a file: HDF5, safetensors, PyTorch weights, or an index of shards.",
    discussion: "Example:  fewstep inspect runs/quickstart/checkpoints/step-100.h5")

  @Argument(help: "An .h5, .safetensors, .pt, .pth, .ckpt or .bin file, or the .json index of shards.") var file: String
  @Flag(help: "Print JSON.") var json = false

  private struct Entry: Encodable {
    let name: String
    let dtype: String
    let shape: [Int]
    /// The Euclidean norm; nil for strings.
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
