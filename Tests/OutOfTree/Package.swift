// swift-tools-version: 6.2
import PackageDescription

/// A user's package that depends on Fewstep. The checkout is two folders up, or at FEWSTEP_PACKAGE.
let fewstep = Context.environment["FEWSTEP_PACKAGE"] ?? "\(Context.packageDirectory)/../.."

let package = Package(
  name: "reweighting",
  products: [.library(name: "Reweighting", targets: ["Reweighting"])],
  dependencies: [.package(name: "fewstep", path: fewstep)],
  targets: [
    .target(name: "Reweighting", dependencies: [.product(name: "Fewstep", package: "fewstep")]),
    .testTarget(
      name: "ReweightingTests",
      dependencies: ["Reweighting"]
        + ["ObjectiveChecks", "Evaluation", "Reports", "Benchmarks", "Metrics", "PluginFiles", "Scaffold"].map {
          .product(name: $0, package: "fewstep")
        }),
  ],
  cxxLanguageStandard: .cxx17
)
