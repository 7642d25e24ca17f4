/// The files of a package with one plugin.
struct PackageTemplate {
  let plugin: any PluginTemplate
  let source: FewstepSource

  private var name: String { plugin.name.text }
  private var type: String { plugin.name.type }

  var files: [(path: String, text: String)] {
    [
      ("Package.swift", manifest), ("README.md", readme), (".gitignore", ".build*/\nruns/\nPackage.resolved\n*.so\n"),
      ("recipe.yaml", plugin.recipe), ("Sources/\(type)/\(type).swift", plugin.source),
      ("Sources/\(type)Main/Main.swift", main), ("Tests/\(type)Tests/\(type)Tests.swift", plugin.test),
    ].map { ($0.0, $0.1.hasSuffix("\n") ? $0.1 : $0.1 + "\n") }
  }

  private var manifest: String {
    """
    // swift-tools-version: 6.2
    import PackageDescription

    \(source.declaration)

    let package = Package(
      name: "\(name)",
      products: [
        .library(name: "\(type)", targets: ["\(type)"]),
        .executable(name: "\(name)", targets: ["\(type)Main"]),
      ],
      dependencies: [fewstep],
      targets: [
        .target(name: "\(type)", dependencies: [.product(name: "Fewstep", package: "\(source.reference)")]),
        .executableTarget(
          name: "\(type)Main", dependencies: ["\(type)", .product(name: "FewstepCLI", package: "\(source.reference)")]),
        .testTarget(
          name: "\(type)Tests",
          dependencies: [
            "\(type)",
    \(testProducts)
          ]),
      ],
      cxxLanguageStandard: .cxx17
    )
    """
  }

  private var testProducts: String {
    plugin.testProducts.map { "        .product(name: \"\($0)\", package: \"\(source.reference)\")," }
      .joined(separator: "\n")
  }

  private var main: String {
    """
    import FewstepCLI
    import \(type)

    /// The command `fewstep` with one more plugin.
    @main
    struct Main {
      static func main() { FewstepCommand.main(adding: [{ \(type).register(in: &$0) }]) }
    }
    """
  }

  private var readme: String {
    """
    # \(name)

    \(plugin.summary) It is a plugin of Fewstep: recipes name it by `\(plugin.kind): {kind: \(name)}`.

    ```sh
    swift test                                 # its tests
    swift run \(name) plugins \(name)          # its settings
    swift run -c release \(name) run recipe.yaml
    ```

    | file | |
    | --- | --- |
    | `Sources/\(type)/\(type).swift` | the plugin: start here |
    | `recipe.yaml` | an experiment with it that takes seconds |
    | `Tests/\(type)Tests/\(type)Tests.swift` | its tests |
    | `Sources/\(type)Main/Main.swift` | the command `fewstep`, with this plugin added to all of Fewstep's |

    ## Where Fewstep comes from

    `Package.swift` names it in one place. The variable FEWSTEP_PACKAGE overrides a folder. A git URL works with `branch:` or
    `revision:`, not with a version, because Fewstep passes compiler flags that find libtorch. LIBTORCH selects the libtorch,
    as for Fewstep itself.

    ## As a plugin file

    A built `fewstep` can load the plugin when it starts:

    ```sh
    fewstep build-plugin . --output \(name).so
    fewstep run recipe.yaml --plugin \(name).so
    ```

    The file fits only the program that built it. Build it again after each build of Fewstep.
    """
  }
}
