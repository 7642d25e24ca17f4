import ArgumentParser
import Foundation
import PluginFiles

struct BuildPlugin: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build-plugin", abstract: "Compile a package's plugin into a file that --plugin loads.",
    discussion: """
      Example:  fewstep build-plugin soft-matching --output soft-matching.so
      Then:     fewstep run soft-matching/recipe.yaml --plugin soft-matching.so

      For packages as `fewstep new` writes them: the type NAME in Sources/NAME has a static register(in:). The file fits only
      this build of the program; after another build, it is refused and must be built again.
      """)

  @Argument(help: "The package's folder.") var package: String
  @Option(help: "The file to write; by default PACKAGE.so in this folder.") var output: String?
  @Option(help: "Which module of Sources, if there are several.") var module: String?

  func run() throws {
    let name = URL(fileURLWithPath: package).standardizedFileURL.lastPathComponent
    let output = output ?? "\(name).so"
    try PluginBuild(package: package, module: module).write(to: output)
    note("wrote \(output); load it with --plugin \(output)")
  }
}
