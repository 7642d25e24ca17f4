import Files
import Foundation
import Tensors

/// A question about an image of DPG-Bench.
public struct DPGQuestion: Equatable, Sendable {
  /// The question's number within its item.
  public var number: Int
  /// The numbers of the questions that must be answered with yes for this one to count; 0 means none.
  public var parents: [Int]
  /// "entity - whole": the scorer's L2. The part before the dash is L1.
  public var category: String
  /// The question.
  public var text: String
}

/// The questions of `dpg_bench.csv`, as `compute_dpg_bench.py` reads them.
///
/// It skips the first row. If a number is repeated in an item, the later question replaces the earlier one; if an item
/// reappears after another one, only its later rows count. The published scores are computed in this way, and so are
/// those here.
public struct DPGQuestions: Sendable {
  static let columns = ["item_id", "proposition_id", "dependency", "tuple", "question_natural_language"]

  /// The file.
  public let path: String
  /// Questions by the item's name, in the order of their first rows.
  public let items: [String: [DPGQuestion]]
  /// SHA-256 of the file.
  public let digest: String
  /// Warnings about rows that were probably read differently than intended.
  public let warnings: [String]

  /// - Throws: `Failure` naming the line and the column that cannot be used.
  public init(_ path: String) throws {
    self.path = path
    let file = try CSVFile(path, columns: Self.columns)
    var (items, last) = ([String: [DPGQuestion]](), String?.none)
    var (repeated, renewed) = (0, 0)
    for (number, row) in file.rows.enumerated() {
      let question = try DPGQuestion(file, row)
      if number == 0 { continue }
      let name = file.text(row, "item_id")
      if name != last {
        if items.updateValue([], forKey: name) != nil { renewed += 1 }
      }
      last = name
      if let place = items[name]?.firstIndex(where: { $0.number == question.number }) {
        items[name]?[place] = question
        repeated += 1
      } else {
        items[name]?.append(question)
      }
    }
    self.items = items
    digest = try SHA256.hash(of: path)
    guard !items.isEmpty else { throw Failure(.malformed, at: path, "there are no questions") }
    warnings = [
      repeated > 0 ? "questions that replace others of their item and number: \(repeated)" : nil,
      renewed > 0 ? "items that come again after others, so that only their later questions count: \(renewed)" : nil,
    ].compactMap(\.self)
  }
}

extension DPGQuestion {
  fileprivate init(_ file: CSVFile, _ row: CSVFile.Row) throws {
    func integer(_ text: some StringProtocol) -> Int? { Int(text.trimmingCharacters(in: .whitespaces)) }
    guard let number = integer(file.text(row, "proposition_id")) else {
      throw file.wrong(row, "proposition_id", expected: "a number")
    }
    let parents = file.text(row, "dependency").split(separator: ",", omittingEmptySubsequences: false).map(integer)
    guard parents.allSatisfy({ $0 != nil }) else {
      throw file.wrong(row, "dependency", expected: "numbers with commas between them, 0 for none")
    }
    for column in ["item_id", "tuple", "question_natural_language"] where file.text(row, column).isEmpty {
      throw file.wrong(row, column, expected: "a text")
    }
    let kind = file.text(row, "tuple").split(separator: "(", omittingEmptySubsequences: false)[0]
    self.init(
      number: number, parents: parents.compactMap(\.self), category: kind.trimmingCharacters(in: .whitespaces),
      text: file.text(row, "question_natural_language"))
  }

  /// "entity"
  var broadCategory: String {
    category.split(separator: "-", omittingEmptySubsequences: false)[0].trimmingCharacters(in: .whitespaces)
  }
}
