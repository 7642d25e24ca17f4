import Fewstep
import Foundation
import Tensors

extension Profile {
  /// A row for each part: seconds with and without the parts inside it, the share of all time, memory, and speed.
  public var table: Table {
    get throws {
      let total = parts.filter { $0.path.count == 1 }.reduce(0) { $0 + $1.seconds }
      return try Table(
        columns: ["part", "times", "seconds", "own seconds", "own share", "peak MB", "own TFLOP/s"],
        rows: parts.map { part in
          [
            .text(String(repeating: "  ", count: part.path.count - 1) + part.name), .integer(part.count),
            .number(part.seconds), .number(part.ownSeconds), .number(part.ownSeconds / max(total, 1e-9)),
            .number(Double(part.peakBytes) / 1e6),
            part.ownOperations > 0 ? .number(part.ownOperations / max(part.ownSeconds, 1e-9) / 1e12) : .missing,
          ]
        })
    }
  }

  /// "0.31 s a step: backward 45%, student 20%, ..." by name, the largest first.
  public var summary: String {
    let steps = parts.filter { $0.path == [Span.step.rawValue] }.reduce(0) { $0 + $1.count }
    let total = parts.filter { $0.path.count == 1 }.reduce(0) { $0 + $1.seconds }
    var own = [String: Double]()
    for part in parts { own[part.name, default: 0] += part.ownSeconds }
    let shares = own.sorted { $0.value > $1.value }.filter { $0.value > 0.005 * total }.map {
      "\($0.key) \(Int(($0.value / max(total, 1e-9) * 100).rounded()))%"
    }
    return String(format: "%.3g s a step: ", total / Double(max(1, steps))) + shares.joined(separator: ", ")
  }
}
