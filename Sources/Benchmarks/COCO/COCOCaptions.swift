import Fewstep
import Files
import Foundation
import Tensors

/// The captions of a COCO evaluation, in the order of the images' numbers.
public enum COCOCaptions {
  /// From a text file: one caption per line without empty lines, as DMD2 reads its captions_coco14_test.txt. From
  /// COCO's own captions_val2014.json: the caption with the lowest id of each image, in the order of the images' ids.
  ///
  /// - Throws: `Failure` naming the line, or the position in the JSON, that holds no caption.
  public static func read(_ path: String) throws -> [String] {
    path.hasSuffix(".json") ? try annotations(path) : try PromptFile.read(path)
  }

  /// The required parts of COCO's file.
  private struct Annotations: Decodable {
    struct Caption: Decodable {
      let image: Int
      let id: Int
      let caption: String

      enum CodingKeys: String, CodingKey {
        case image = "image_id"
        case id, caption
      }
    }

    let annotations: [Caption]
  }

  private static func annotations(_ path: String) throws -> [String] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let all: [Annotations.Caption]
    do { all = try JSONDecoder().decode(Annotations.self, from: data).annotations } catch let error as DecodingError {
      throw unread(error, at: path)
    }
    var first = [Int: Annotations.Caption]()
    for caption in all {
      if let other = first[caption.image], other.id <= caption.id { continue }
      first[caption.image] = caption
    }
    let captions = try first.values.sorted { $0.image < $1.image }.map { found in
      // Some captions end in a line break.
      let text = found.caption.split(whereSeparator: \.isNewline).joined(separator: " ")
        .trimmingCharacters(in: .whitespaces)
      guard !text.isEmpty else {
        throw Failure(.malformed, at: "\(path): annotation \(found.id)", "the caption is empty")
      }
      return text
    }
    guard !captions.isEmpty else { throw Failure(.malformed, at: path, "the file holds no captions") }
    return captions
  }

  /// The error with the position, "annotations[3].caption", and the expected type.
  private static func unread(_ error: DecodingError, at path: String) -> Failure {
    let expected = "COCO's captions: annotations with image_id, id (numbers) and caption (a text)"
    func place(_ keys: [any CodingKey]) -> String {
      let steps = keys.map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)" }.joined()
      return steps.isEmpty ? path : "\(path): \(steps.drop { $0 == "." })"
    }
    switch error {
    case .keyNotFound(let key, let context):
      return Failure(
        .malformed, at: place(context.codingPath), "there is no '\(key.stringValue)'", expected: expected)
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return Failure(.malformed, at: place(context.codingPath), "a value of another kind", expected: expected)
    default: return Failure(.malformed, at: path, "not JSON", expected: expected)
    }
  }
}
