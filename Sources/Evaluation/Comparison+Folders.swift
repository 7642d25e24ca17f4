import Fewstep
import Files
import Foundation
import Tensors

extension Comparison.Entry {
  /// A finished run of a sweep.
  public init(_ trial: Sweep.Trial, in folder: SweepFolder) throws {
    let run = folder.run(trial)
    self.init(path: run.path, variant: trial.variant, seed: trial.recipe.seed, evaluated: try .load(run.evaluation))
  }

  /// All finished runs in run folders, or in folders of run folders, such as a sweep's. Their variants are those of the
  /// sweep, or the values in which their recipes differ.
  ///
  /// - Parameter note: called with a line for each run that is left out.
  /// - Throws: `Failure` if a folder holds no finished run or a file is malformed.
  public static func all(in folders: [String], note: (String) -> Void = { _ in }) throws -> [Comparison.Entry] {
    var entries = [Comparison.Entry]()
    var loose = [RunFolder]()
    for folder in folders {
      let inside = RunFolder.all(in: folder) { FileManager.default.fileExists(atPath: $0.evaluation) }
      if let members = try SweepFolder(folder).members() {
        // Different variants in two sweeps may have the same name.
        let prefix = folders.count > 1 ? "\(URL(fileURLWithPath: folder).lastPathComponent)/" : ""
        let others = inside.count { run in !members.contains { run.path.hasSuffix("/\($0.path)") } }
        if others > 0 { note("note: \(others) runs in \(folder) belong to an earlier sweep and are left out") }
        for member in members {
          let run = RunFolder("\(folder)/\(member.path)")
          guard FileManager.default.fileExists(atPath: run.evaluation) else {
            note("note: \(run.path) has no scores yet and is left out")
            continue
          }
          entries.append(
            Comparison.Entry(
              path: run.path, variant: prefix + member.variant, seed: member.seed,
              evaluated: try .load(run.evaluation)))
        }
      } else if inside.isEmpty {
        throw Failure(.missing, at: folder, "there is no finished run in it (a folder with evaluation.json)")
      } else {
        loose += inside
      }
    }
    let recipes = try loose.map { try YAMLNode.load(path: $0.recipe) }
    for (run, (recipe, variant)) in zip(loose, zip(recipes, Variants.names(recipes))) {
      entries.append(
        Comparison.Entry(
          path: run.path, variant: variant, seed: try recipe["seed"]?.integer() ?? 0,
          evaluated: try .load(run.evaluation)))
    }
    return entries
  }
}

extension RunFolder {
  /// The run folders in a folder, at any depth, in the order of their names. Run folders themselves are not searched.
  public static func all(in path: String, where isRun: (RunFolder) -> Bool) -> [RunFolder] {
    let folder = RunFolder(path)
    if isRun(folder) { return [folder] }
    let inside = (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? []
    var isFolder: ObjCBool = false
    return inside.map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
      .filter { FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder) && isFolder.boolValue }
      .flatMap { all(in: $0, where: isRun) }
  }
}
