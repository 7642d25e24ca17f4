import Files
import Foundation

/// Prints a line for the user to standard error. Standard output is for results.
func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

/// Prints a result to standard output: as JSON if `json` is true, otherwise as text.
func printResult(_ value: some Encodable, json: Bool, _ text: @autoclosure () throws -> String) throws {
  try print(json ? JSONEncoder.prettyText(value) : text())
}

/// Four significant digits, and an exponent only if the number is very large or very small.
func brief(_ value: Double) -> String { String(format: 1e4..<1e6 ~= abs(value) ? "%.0f" : "%.4g", value) }
