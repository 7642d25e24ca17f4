// swift-tools-version: 6.2
import PackageDescription

/// libtorch: the system's (Debian's libtorch-dev), or the folder named by LIBTORCH (with include/ and lib/).
let libtorch = Context.environment["LIBTORCH"]
let torchCompile: [CXXSetting] =
  if let libtorch {
    [.unsafeFlags(["-isystem", "\(libtorch)/include", "-isystem", "\(libtorch)/include/torch/csrc/api/include"])]
  } else {
    [.unsafeFlags(["-isystem", "/usr/include/torch/csrc/api/include"])]
  }
let torchLink: [LinkerSetting] =
  if let libtorch {
    // By path: the linker would find the system's libraries of the same names first.
    [
      .unsafeFlags(
        ["torch", "torch_cpu", "c10"].flatMap { ["-Xlinker", "\(libtorch)/lib/lib\($0).so"] }
          + ["-Xlinker", "-rpath", "-Xlinker", "\(libtorch)/lib"]),
      .linkedLibrary("m"),
    ]
  } else {
    ["torch", "torch_cpu", "c10", "m"].map { .linkedLibrary($0) }
  }

/// One folder each under Plugins/; the executable lists them once more, in FewstepCLI/Plugins.swift.
let objectives = ["DMD", "DMD2", "AMD", "DecoupledDMD", "RewardForcing", "SiD"]
let backbones = ["GaussianMixture", "PixelUNet", "SDXL"]
let rewards = [
  "ClassifierReward", "PerturbedReward", "IntrinsicReward", "CLIPRewards", "ImageReward", "ProcessReward",
]
/// What plugins need beside Fewstep: CLIP where they read its models, or see pictures as they do; a C door where they start
/// programs.
let needs = ["SDXL": "CLIP", "CLIPRewards": "CLIP", "ImageReward": "CLIP", "ProcessReward": "CSpawn"]
let plugins = objectives + backbones + rewards

let package = Package(
  name: "fewstep",
  products: [
    .executable(name: "fewstep", targets: ["FewstepMain"]),
    .library(name: "Fewstep", targets: ["Fewstep", "Networks", "Storage", "Tensors"]),
    .library(name: "FewstepCLI", targets: ["FewstepCLI"]),
    .library(name: "ObjectiveChecks", targets: ["ObjectiveChecks"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    // The C doors.
    .target(
      name: "CTorch", cxxSettings: torchCompile, linkerSettings: torchLink),
    .systemLibrary(
      name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(
      name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(
      name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
    .systemLibrary(name: "CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CSpawn"),

    // The house: each imports only what stands above it here.
    .target(name: "Tensors", dependencies: ["CTorch"]),
    .target(name: "Networks", dependencies: ["Tensors"]),
    .target(name: "Storage", dependencies: ["Tensors", "CHDF5", "CYAML", "CPNG", "CJPEG", "CWebP", "CZlib"]),
    .target(name: "Fewstep", dependencies: ["Tensors", "Networks", "Storage"]),
    .target(name: "CLIP", dependencies: ["Tensors", "Networks", "Storage"]),
    .target(name: "Evaluation", dependencies: ["Fewstep", "Storage", "Tensors"]),
    .target(name: "Suites", dependencies: ["CLIP", "Evaluation", "Fewstep", "Networks", "Storage", "Tensors"]),
    .target(name: "ObjectiveChecks", dependencies: ["Fewstep", "Networks", "Tensors"]),
    .target(
      name: "FewstepCLI",
      dependencies: [
        "Fewstep", "Evaluation", "Suites", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]
        + plugins.map { .target(name: $0) },
      // So that plugins loaded at run time find Fewstep's symbols in the executable.
      linkerSettings: [.unsafeFlags(["-Xlinker", "--export-dynamic"])]),
    .executableTarget(name: "FewstepMain", dependencies: ["FewstepCLI"]),

    // The Swift sides of `make bench`.
    .executableTarget(
      name: "StepBenchmark",
      dependencies: [
        "Fewstep", "AMD", "GaussianMixture", "PixelUNet", "ClassifierReward",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "benchmarks/StepBenchmark"),
    .executableTarget(
      name: "UNetBenchmark",
      dependencies: ["SDXL", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "benchmarks/UNetBenchmark"),

    // Tests mirror Sources and Plugins.
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "Storage"], exclude: ["Fixtures"]),
    .testTarget(name: "NetworksTests", dependencies: ["Networks", "Storage"]),
    .testTarget(name: "StorageTests", dependencies: ["Storage"], exclude: ["Fixtures"]),
    .testTarget(name: "EvaluationTests", dependencies: ["Evaluation"], exclude: ["Fixtures"]),
    .testTarget(
      name: "FewstepTests",
      dependencies: ["Fewstep", "Evaluation", "ObjectiveChecks"] + plugins.map { .target(name: $0) }),
    .testTarget(name: "CLIPTests", dependencies: ["CLIP"], exclude: ["Fixtures"]),
    .testTarget(
      name: "PictureRewardsTests", dependencies: ["CLIPRewards", "ImageReward", "FewstepCLI"], exclude: ["Fixtures"]),
    .testTarget(name: "ProcessRewardTests", dependencies: ["ProcessReward"], exclude: ["stand_in.py"]),
    .testTarget(name: "SuitesTests", dependencies: ["Suites", "CLIPRewards"], exclude: ["Fixtures"]),
    .testTarget(name: "SDXLTests", dependencies: ["SDXL"], exclude: ["Fixtures"]),
    .testTarget(name: "CommandTests", dependencies: ["Storage", "FewstepMain"]),
  ]
    + plugins.map {
      .target(
        name: $0, dependencies: ["Fewstep"] + [needs[$0]].compactMap { $0.map { .init(stringLiteral: $0) } },
        path: "Plugins/\($0)", exclude: [])
    },
  cxxLanguageStandard: .cxx17
)

// Our own targets: existentials spelled out; warnings are errors where CI asks for it.
for target in package.targets
where [.regular, .executable, .test].contains(target.type) && !["CTorch", "CSpawn"].contains(target.name) {
  target.swiftSettings = (target.swiftSettings ?? []) + [.enableUpcomingFeature("ExistentialAny")]
  if Context.environment["FEWSTEP_STRICT"] != nil {
    target.swiftSettings?.append(.treatAllWarnings(as: .error))
  }
}
