// swift-tools-version: 6.2
import PackageDescription

/// A package of one's own on top of Fewstep. The checkout is two folders up, or where FEWSTEP_PACKAGE says.
let fewstep = Context.environment["FEWSTEP_PACKAGE"] ?? "\(Context.packageDirectory)/../.."

let package = Package(
  name: "reweighting",
  products: [.library(name: "Reweighting", targets: ["Reweighting"])],
  dependencies: [.package(name: "fewstep", path: fewstep)],
  targets: [
    .target(name: "Reweighting", dependencies: [.product(name: "Fewstep", package: "fewstep")]),
    .testTarget(
      name: "ReweightingTests",
      dependencies: ["Reweighting", .product(name: "ObjectiveChecks", package: "fewstep")]),
  ],
  cxxLanguageStandard: .cxx17
)
