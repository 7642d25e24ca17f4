import ArgumentParser
import Files
import Foundation
import Tensors

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare two files tensor by tensor.",
    discussion: """
      Example:  fewstep diff runs/a/checkpoints/step-200.h5 runs/b/checkpoints/step-200.h5
                fewstep diff a.safetensors b.safetensors --tolerance 1e-5

      Exits with 0 if every tensor is identical, to the bit, or differs by no more than the tolerance, and with 1 if not.
      """)

  @Argument(help: "One file.") var first: String
  @Argument(help: "The other one.") var second: String
  @Option(
    help:
      "The largest difference of two values that does not count; other texts, such as recipes, do not count then either."
  )
  var tolerance = 0.0
  @Flag(help: "Print JSON.") var json = false

  private struct Result: Encodable {
    /// Of names that are in both files.
    let compared: Int
    let isWithinTolerance: Bool
    /// Over all tensors whose values differ.
    let largest: Double
    let differences: [TensorDifference]
  }

  func validate() throws {
    guard tolerance >= 0 else { throw ValidationError("--tolerance is a difference, 0 or more.") }
  }

  func run() throws {
    let result = try compared()
    try printResult(result, json: json, text(of: result))
    guard result.isWithinTolerance else { throw ExitCode(1) }
  }

  private func compared() throws -> Result {
    let (a, b) = (try TensorFile(first), try TensorFile(second))
    let (inFirst, inSecond) = (Set(a.names), Set(b.names))
    var differences = a.names.filter { !inSecond.contains($0) }.map {
      TensorDifference($0, problem: "only in \(first)")
    }
    differences += b.names.filter { !inFirst.contains($0) }.map { TensorDifference($0, problem: "only in \(second)") }
    let (ours, theirs) = (a.textsByName, b.textsByName)
    for name in Set(ours.keys).union(theirs.keys).sorted() where ours[name] != theirs[name] {
      differences.append(TensorDifference(name, problem: TensorDifference.otherTexts))
    }
    let common = a.names.filter(inSecond.contains)
    differences += try common.compactMap { try TensorDifference($0, a.tensor($0), b.tensor($0)) }
    let sizes = differences.compactMap(\.largest)
    return Result(
      compared: common.count, isWithinTolerance: !differences.contains { $0.exceeds(tolerance) },
      largest: sizes.contains(where: \.isNaN) ? .nan : sizes.max() ?? 0, differences: differences)
  }

  private func text(of result: Result) -> String {
    guard !result.differences.isEmpty else { return "all \(result.compared) tensors are identical" }
    let tensors = result.differences.filter { $0.problem != TensorDifference.otherTexts }.count
    let count = tensors == 0 ? "only texts differ" : "\(tensors) tensors differ, by at most \(brief(result.largest))"
    let verdict =
      tolerance == 0 ? "" : result.isWithinTolerance ? ": within the tolerance" : ": more than the tolerance"
    return (result.differences.filter { $0.exceeds(tolerance) }.map(\.text) + [count + verdict]).joined(separator: "\n")
  }
}
