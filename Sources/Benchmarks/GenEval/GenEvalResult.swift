import Files
import Foundation
import Tensors

/// The verdict on an image: a line of the results that `evaluate_images.py` writes and `summary_scores.py` reads.
public struct GenEvalResult: Codable, Equatable, Sendable {
  /// The image's path.
  public var filename: String
  /// The prompt's task.
  public var tag: GenEvalTask
  /// The prompt.
  public var prompt: String
  /// Whether the image shows everything that its prompt requires.
  public var correct: Bool
  /// One line for each mistake; empty if there is none.
  public var reason: String
  /// The prompt's line.
  public var metadata: String
  /// The objects that counted, as JSON: [x0, y0, x1, y1, score] for each class.
  public var details: String

  /// All results of a file.
  ///
  /// - Throws: `Failure` naming the line and the field, or an image that occurs twice.
  public static func read(_ path: String) throws -> [GenEvalResult] {
    var seen = [String: Int]()
    return try JSONLines.read(path).map { row in
      let fields = row.fields
      let result = GenEvalResult(
        filename: try fields.text("filename"), tag: try fields.choice("tag"), prompt: try fields.text("prompt"),
        correct: try fields.boolean("correct"), reason: try fields.text("reason"),
        metadata: try fields.text("metadata"), details: try fields.text("details", default: "{}"))
      if let first = seen.updateValue(row.number, forKey: try fields.image("filename").path) {
        throw fields.wrong(
          "filename", expected: "each image once", got: "'\(result.filename)', which is in line \(first) as well")
      }
      return result
    }
  }

  /// Writes the results as JSON lines.
  public static func write(_ results: [GenEvalResult], to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    var data = Data()
    for result in results { data += try encoder.encode(result) + [UInt8(ascii: "\n")] }
    try AtomicFile.write(data, to: path)
  }
}

extension GenEvalResult {
  init(
    _ detections: GenEvalDetections, _ prompt: GenEvalPrompt, _ verdict: GenEvalRules.Verdict,
    _ objects: [String: [GenEvalObject]]
  ) {
    filename = detections.image
    (tag, self.prompt, metadata) = (prompt.task, prompt.text, prompt.line)
    (correct, reason) = (verdict.isCorrect, verdict.reason)
    let boxes = objects.mapValues { objects in
      JSONValue.array(
        objects.map { object in
          let numbers = [object.box.left, object.box.top, object.box.right, object.box.bottom, object.score]
          return .array(numbers.map { .number(Double($0)) })
        })
    }
    details = "\(JSONValue.object(boxes))"
  }
}

extension GenEvalBenchmark {
  /// The results for the benchmark's prompts, in the order of their images; those beyond its limit are left out.
  ///
  /// - Throws: `Failure` naming a result that belongs to no prompt here.
  public func matching(_ results: [GenEvalResult]) throws -> [GenEvalResult] {
    let wanted = Set(indices)
    let named = try results.map { result in
      (image: try ModelConfig(["filename": .string(result.filename)], path: "results").image("filename"), result)
    }
    for (image, result) in named where !all.indices.contains(image.index) || all[image.index].text != result.prompt {
      throw Failure(
        .malformed, at: result.filename, "the result belongs to another prompt",
        expected: all.indices.contains(image.index)
          ? "'\(all[image.index].text)'" : "a prompt from 0 to \(all.count - 1)",
        got: "'\(result.prompt)'")
    }
    return named.filter { wanted.contains($0.image.index) }.sorted { $0.image.path < $1.image.path }.map(\.1)
  }
}
