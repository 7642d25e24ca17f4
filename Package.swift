// swift-tools-version: 6.2
import PackageDescription

/// libtorch: the system's (Debian's libtorch-dev), or the folder named by LIBTORCH (with include/ and lib/).
let libtorch = Context.environment["LIBTORCH"]
/// The folders of the CUDA and NCCL headers, with colons between them: adds NCCL, for several processes on GPUs.
let cudaIncludes = Context.environment["CUDA_INCLUDE"]?.split(separator: ":").map(String.init) ?? []
let ncclCompile: [CXXSetting] =
  cudaIncludes.isEmpty ? [] : [.define("FEWSTEP_NCCL"), .unsafeFlags(cudaIncludes.flatMap { ["-isystem", $0] })]
let torchLibraries = ["torch", "torch_cpu", "c10"] + (cudaIncludes.isEmpty ? [] : ["torch_cuda", "c10_cuda"])
let torchCompile: [CXXSetting] =
  if let libtorch {
    [.unsafeFlags(["-isystem", "\(libtorch)/include", "-isystem", "\(libtorch)/include/torch/csrc/api/include"])]
      + ncclCompile
  } else {
    [.unsafeFlags(["-isystem", "/usr/include/torch/csrc/api/include"])]
  }
let torchLink: [LinkerSetting] =
  if let libtorch {
    // By path: the linker would find the system's libraries of the same names first.
    [
      .unsafeFlags(
        torchLibraries.flatMap { ["-Xlinker", "\(libtorch)/lib/lib\($0).so"] }
          + ["-Xlinker", "-rpath", "-Xlinker", "\(libtorch)/lib"]),
      .linkedLibrary("m"),
    ]
  } else {
    ["torch", "torch_cpu", "c10", "m"].map { .linkedLibrary($0) }
  }

/// One folder each under Plugins/; `Plugins/Shipped` registers them.
let objectives = ["DMD", "DMD2", "AMD", "DecoupledDMD", "RewardForcing", "SiD"]
let backbones = ["GaussianMixture", "PixelUNet", "SDXL", "Wan"]
let rewards = [
  "ClassifierReward", "PerturbedReward", "TeacherReward", "CLIPRewards", "ImageReward", "ExternalReward",
  "MotionReward",
]
let data = ["IDX"]
let plugins = objectives + backbones + rewards + data

/// A plugin sees the core and everything below it.
let belowPlugins: [Target.Dependency] = ["Fewstep", "Encoders", "Media", "Processes", "Files", "Networks", "Tensors"]
let pluginTargets: [Target.Dependency] = plugins.map { .target(name: $0) }

/// C bindings: modules that Swift sees, in Sources/System.
func system(_ name: String, _ pkgConfig: String, apt package: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/System/\(name)", pkgConfig: pkgConfig, providers: [.apt([package])])
}

func tests(_ module: String, _ more: [Target.Dependency] = [], fixtures: [String] = []) -> Target {
  .testTarget(name: "\(module)Tests", dependencies: [.target(name: module), "TestSupport"] + more, exclude: fixtures)
}

let package = Package(
  name: "fewstep",
  products: [
    .executable(name: "fewstep", targets: ["FewstepMain"]),
    .library(
      name: "Fewstep", targets: ["Fewstep", "Encoders", "Media", "Processes", "Files", "Networks", "Tensors"]),
    .library(name: "Metrics", targets: ["Metrics"]),
    .library(name: "Evaluation", targets: ["Evaluation"]),
    .library(name: "Reports", targets: ["Reports"]),
    .library(name: "Benchmarks", targets: ["Benchmarks"]),
    .library(name: "PluginFiles", targets: ["PluginFiles"]),
    .library(name: "Scaffold", targets: ["Scaffold"]),
    .library(name: "Shipped", targets: ["Shipped"]),
    .library(name: "FewstepCLI", targets: ["FewstepCLI"]),
    .library(name: "ObjectiveChecks", targets: ["ObjectiveChecks"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    .target(
      name: "CTorch", path: "Sources/System/CTorch", cxxSettings: torchCompile, linkerSettings: torchLink),
    .target(name: "CSpawn", path: "Sources/System/CSpawn"),
    system("CHDF5", "hdf5", apt: "libhdf5-dev"),
    system("CYAML", "yaml-0.1", apt: "libyaml-dev"),
    system("CPNG", "libpng", apt: "libpng-dev"),
    system("CJPEG", "libturbojpeg", apt: "libturbojpeg0-dev"),
    system("CWebP", "libwebp", apt: "libwebp-dev"),
    system("CZlib", "zlib", apt: "zlib1g-dev"),

    // The modules: each imports only what stands above it here.
    .target(name: "Tensors", dependencies: ["CTorch"]),
    .target(name: "Networks", dependencies: ["Tensors"]),
    .target(name: "Files", dependencies: ["Networks", "Tensors", "CHDF5", "CYAML", "CZlib"]),
    .target(name: "Processes", dependencies: ["Files", "CSpawn"]),
    .target(name: "Media", dependencies: ["Processes", "Files", "Tensors", "CPNG", "CJPEG", "CWebP"]),
    .target(name: "Encoders", dependencies: ["Media", "Files", "Networks", "Tensors"]),
    .target(name: "Fewstep", dependencies: ["Media", "Processes", "Files", "Networks", "Tensors"]),
    .target(name: "ObjectiveChecks", dependencies: ["Fewstep", "Networks", "Tensors"]),
    .target(name: "Metrics", dependencies: ["Files", "Tensors"]),
    .target(name: "Evaluation", dependencies: ["Metrics", "Fewstep", "Encoders", "Processes"]),
    .target(name: "Reports", dependencies: ["Evaluation", "Metrics", "Fewstep"]),
    .target(name: "Benchmarks", dependencies: ["Reports", "Evaluation", "Metrics", "Fewstep", "Encoders"]),
    .target(name: "PluginFiles", dependencies: ["Fewstep", "Processes", "Files", "Tensors"]),
    .target(name: "Scaffold", dependencies: ["Fewstep", "Tensors"]),
    .target(name: "Shipped", dependencies: ["Fewstep"] + pluginTargets, path: "Plugins/Shipped"),
    .target(
      name: "FewstepCLI",
      dependencies: [
        "Shipped", "PluginFiles", "Scaffold", "Benchmarks", "Reports", "Evaluation", "Fewstep",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      // So that plugins loaded at run time find Fewstep's symbols in the executable.
      linkerSettings: [.unsafeFlags(["-Xlinker", "--export-dynamic"])]),
    .executableTarget(name: "FewstepMain", dependencies: ["FewstepCLI"]),

    // The Swift sides of `make bench`.
    .executableTarget(
      name: "StepBenchmark",
      dependencies: [
        "Fewstep", "AMD", "GaussianMixture", "PixelUNet", "ClassifierReward", "IDX",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "benchmarks/StepBenchmark"),
    .executableTarget(
      name: "UNetBenchmark",
      dependencies: ["SDXL", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "benchmarks/UNetBenchmark"),

    // A test target for each module, one for all plugins, and what they share. A core test needs small plugins alone: SDXL and
    // the rewards with large networks are PluginTests' and the command's.
    .target(
      name: "TestSupport",
      dependencies: [
        "Fewstep", "Files", "Networks", "Tensors", "AMD", "ClassifierReward", "DMD", "DMD2", "DecoupledDMD",
        "GaussianMixture",
        "IDX", "PerturbedReward", "PixelUNet", "RewardForcing", "SiD", "TeacherReward",
      ], path: "Tests/TestSupport"),
    tests("Tensors", fixtures: ["Fixtures"]),
    tests("Networks"),
    tests("Files", ["Media"], fixtures: ["Fixtures"]),
    tests("Processes"),
    tests("Media", ["Processes"], fixtures: ["Fixtures"]),
    tests("Encoders", ["Fewstep"], fixtures: ["Fixtures"]),
    tests("Fewstep", ["Evaluation", "Reports"]),
    tests("ObjectiveChecks"),
    tests("Metrics", ["Fewstep"], fixtures: ["Fixtures"]),
    tests("Evaluation", ["Metrics", "Reports"]),
    tests("Reports", ["Evaluation", "Media", "Metrics"]),
    tests("Benchmarks", ["CLIPRewards"], fixtures: ["Fixtures"]),
    tests("PluginFiles"),
    tests("Scaffold"),
    tests("FewstepCLI", ["Media", "Processes", "FewstepMain"]),
    .testTarget(
      name: "PluginTests", dependencies: ["TestSupport", "Reports", "Shipped"] + pluginTargets,
      exclude: ["ExternalReward/stand_in.py", "ImageReward/Fixtures", "SDXL/Fixtures", "Wan/Fixtures"]),
  ]
    + plugins.map {
      .target(
        name: $0, dependencies: belowPlugins, path: "Plugins/\($0)")
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
