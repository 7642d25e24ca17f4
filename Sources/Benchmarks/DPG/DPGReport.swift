import Files
import Metrics
import Tensors

/// The results file of `compute_dpg_bench.py`: one line per image, then the scores.
public struct DPGReport: Sendable {
  /// The file.
  public let path: String
  /// Scores from 0 to 1, sorted by their lines' text, since the file's own order depends on the folder's listing.
  let images: [Double]
  /// Scores from 0 to 100.
  private var categories = [(name: String, value: Double)]()
  private var total: Double?

  /// - Throws: `Failure` naming a line that is not the scorer's, or if the scorer did not finish.
  public init(_ path: String) throws {
    self.path = path
    var level: String?
    var images = [(line: String, value: Double)]()
    for line in try TextFile(path).lines {
      let place = "\(path):\(line.number)"
      func number(_ text: some StringProtocol) throws -> Double {
        guard let value = Double(text.trimmingCharacters(in: .whitespaces)), value.isFinite else {
          throw Failure(.malformed, at: place, expected: "a number", got: "'\(text.prefix(40))'")
        }
        return value
      }
      let text = line.text
      if text.hasPrefix("\t"), let level, let colon = text.lastIndex(of: ":") {
        let name = text[..<colon].trimmingCharacters(in: .whitespaces)
        categories.append(("\(level): \(name)", try number(text[text.index(after: colon)...])))
      } else if text.hasSuffix("category scores:") {
        level = String(text.prefix(2))
      } else if let value = text.wholeMatch(of: /DPG-Bench score: (.*)/)?.output.1 {
        total = try number(value)
      } else if ["Model: ", "Image path: ", "Save results to: "].contains(where: text.hasPrefix) {
        continue
      } else if let value = text.wholeMatch(of: /.+\.[A-Za-z]+((?:, [0-9.e+-]+){2,})/)?.output.1 {
        images.append((text, try number(value.split(separator: ", ").last ?? "")))
      } else {
        throw Failure(
          .malformed, at: place, "not a line of compute_dpg_bench.py's results", got: "'\(text.prefix(60))'")
      }
    }
    self.images = images.sorted { $0.line < $1.line }.map(\.value)
    guard total != nil, !images.isEmpty else {
      throw Failure(
        .malformed, at: path, "the scores are missing", expected: "a line 'DPG-Bench score: ...' at the end",
        advice: "The scorer did not come to its end: run it again.")
    }
  }

  /// The file's own numbers. The overall interval is by a bootstrap over images; categories have none.
  ///
  /// - Parameter expected: the expected number of images.
  public func scores(of expected: Int) throws -> [BenchmarkScore] {
    let computed = try Estimate(meanOf: images.map { 100 * $0 }, Resamples(of: images.count))
    var (printed, warnings) = (Estimate(total ?? computed.value, interval: computed.interval), [String]())
    if (computed.value - printed.value).magnitude > 1e-6 {
      printed.interval = nil
      warnings.append("its images' lines do not make up the score that is printed")
    }
    if images.count != expected { warnings.append("\(images.count) images were scored, not \(expected)") }
    printed.warning = warnings.isEmpty ? nil : warnings.joined(separator: "; ")
    return categories.map { BenchmarkScore($0.name, Estimate($0.value), samples: images.count) }
      + [BenchmarkScore("DPG-Bench", printed, samples: images.count)]
  }
}
