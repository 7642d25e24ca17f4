import Foundation
import Processes
import Tensors

/// The program gnuplot (package gnuplot-nox), which draws `Plot`s. Its script is a function of the plot alone, so the
/// same plot gives the same bytes with the same gnuplot and fonts.
public struct Gnuplot: Sendable {
  private let program: Program

  /// - Parameter path: the folders to search, in the format of the variable PATH; by default that variable.
  /// - Throws: `Failure` if gnuplot is not installed.
  public init(path: String? = nil) throws {
    guard let found = Program("gnuplot", in: path) else {
      throw Failure(.missing, at: "gnuplot", "not installed (apt-get install gnuplot-nox)")
    }
    program = found
  }

  /// The output of `gnuplot --version`.
  public func version() throws -> String {
    String(decoding: try run("", ["--version"]), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// An SVG for use inside an HTML page: it scales with its box, takes its text color from the page, and the other
  /// colors from the variables `--ink-blue`, ..., `--grid` if the page sets them. The title is not drawn; the page
  /// shows it.
  public func svg(_ plot: Plot, width: Int = 420, height: Int = 260) throws -> String {
    let script = "set term svg size \(width),\(height) dynamic noenhanced font 'sans-serif,14'\n"
    let drawn = try run("set encoding utf8\n" + script + plot.script(), ["-d", "-"])
    return InlineSVG.themed(String(decoding: drawn, as: UTF8.self), label: plot.title)
  }

  /// The bytes of a PNG file.
  public func png(_ figure: Figure) throws -> Data {
    let term = "set term pngcairo size \(figure.width),\(figure.height) noenhanced font 'sans,10'\n"
    return try run("set encoding utf8\n" + term + figure.script, ["-d", "-"])
  }

  /// The bytes of an endlessly looping animated GIF.
  ///
  /// - Parameters:
  ///   - frames: figures of the same size as the first.
  ///   - delay: the time for each frame, in hundredths of a second.
  public func gif(_ frames: [Figure], delay: Int = 70) throws -> Data {
    guard let first = frames.first else { return Data() }
    let term =
      "set term gif animate delay \(delay) loop 0 size \(first.width),\(first.height) noenhanced font 'sans,10'\n"
    return try run("set encoding utf8\n" + term + frames.map(\.script).joined(), ["-d", "-"])
  }

  private func run(_ script: String, _ arguments: [String]) throws -> Data {
    let result = try program.run(arguments, input: Data(script.utf8), environment: ["LC_ALL": "C.UTF-8"])
    guard result.status == 0, !result.output.isEmpty else {
      throw Failure(.software, at: "gnuplot", "could not draw a plot", advice: result.errorOutput)
    }
    return result.output
  }
}
