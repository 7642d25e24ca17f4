import Foundation
import Processes
import Tensors

/// The program of the Python package vbench, which scores the dimensions that are not native, on a GPU.
public struct VBenchProgram: Sendable {
  private let program: Program

  /// - Parameter path: the folders to search, in the format of the variable PATH; by default that variable.
  /// - Returns: nil if it is not installed.
  public init?(path: String? = nil) {
    guard let found = Program("vbench", in: path) else { return nil }
    program = found
  }

  /// The package's name and version, "vbench 0.1.5", from the Python in the program's first line; nil if unknown.
  public func fingerprint() throws -> Fingerprint? {
    let start = (try? Data(contentsOf: URL(fileURLWithPath: program.path)).prefix(200)) ?? Data()
    let line = String(decoding: start.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    guard line.hasPrefix("#!/"), let python = Program(String(line.dropFirst(2))) else { return nil }
    let said = try python.run(["-c", "import importlib.metadata as m; print('vbench', m.version('vbench'))"])
    guard said.status == 0 else { return nil }
    return ["scorer": String(decoding: said.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)]
  }

  /// Scores one dimension of a folder's videos. The program's output goes to this process's error output.
  ///
  /// - Parameters:
  ///   - output: a folder for the program's files, which is made anew.
  ///   - isStopped: called ten times a second; once it is true, the program is ended.
  /// - Throws: `Failure` if the program writes no result, whatever its exit code is.
  public func score(
    _ dimension: VBenchDimension, of videos: String, _ prompts: VBenchPrompts, to output: String,
    until isStopped: () -> Bool
  ) throws -> VBenchResults.Dimension {
    let videos = URL(fileURLWithPath: videos).standardizedFileURL.path
    // The program passes its arguments to a shell and quotes only the folder of videos. So the others are names without
    // spaces, in the folder that it runs in.
    if let sign = videos.first(where: { "\"$`\\\n".contains($0) }) {
      throw Failure(
        .malformed, at: videos, "VBench's program cannot take a folder with \(sign.debugDescription) in its name")
    }
    let files = FileManager.default
    if files.fileExists(atPath: output) { try files.removeItem(atPath: output) }
    try files.createDirectory(atPath: output, withIntermediateDirectories: true)
    try files.copyItem(atPath: prompts.path, toPath: "\(output)/prompts.json")
    let status = try program.show(
      ["evaluate", "--videos_path", videos, "--dimension", dimension.rawValue]
        + ["--full_json_dir", "prompts.json", "--output_path", "results"],
      in: output, until: isStopped)
    let results = try? files.contentsOfDirectory(atPath: "\(output)/results").filter {
      $0.hasSuffix("_eval_results.json")
    }
    guard let name = results?.first else {
      throw Failure(
        .software, at: program.path, "it wrote no result for \(dimension.rawValue); exit code \(status)",
        advice: "Its output is above.")
    }
    guard let result = try VBenchResults("\(output)/results/\(name)", of: prompts).dimensions[dimension] else {
      throw Failure(.malformed, at: "\(output)/results/\(name)", "there is no score of \(dimension.rawValue)")
    }
    return result
  }
}
