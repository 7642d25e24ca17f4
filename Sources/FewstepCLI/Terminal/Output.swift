import Files
import Foundation

/// Prints a line for the user to standard error. Standard output is for results. Of several processes only the first says
/// something.
func note(_ text: String) {
  if Rank.current == nil || Rank.current == 0 { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
}

/// This process's rank among several; nil if it is alone.
enum Rank {
  @TaskLocal static var current: Int?
}

/// Prints a result to standard output: as JSON if `json` is true, otherwise as text.
func printResult(_ value: some Encodable, json: Bool, _ text: @autoclosure () throws -> String) throws {
  try print(json ? JSONEncoder.prettyText(value) : text())
}

/// Four significant digits, and an exponent only if the number is very large or very small.
func brief(_ value: Double) -> String { String(format: 1e4..<1e6 ~= abs(value) ? "%.0f" : "%.4g", value) }
