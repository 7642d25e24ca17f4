import ArgumentParser
import Files
import Foundation
import Tensors

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare two files tensor by tensor.",
    discussion: """
      Example:  fewstep diff runs/a/checkpoints/step-200.h5 runs/b/checkpoints/step-200.h5

      Exits with 0 if every tensor is identical, to the bit, and with 1 if not.
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
