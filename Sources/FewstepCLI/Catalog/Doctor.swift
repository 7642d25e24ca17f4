import ArgumentParser
import Fewstep
import Files
import Foundation
import Media
import Reports
import Tensors

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the libraries, CPU, GPUs and disk of this machine, and problems with them.",
    discussion: """
      Example:  fewstep doctor
                fewstep doctor --device cuda

      With --device it computes what training is made of on that device and on the CPU, and compares: operators and their
      gradients in float32 and bfloat16, noise, checkpointing, AdamW, a process group of one. It ends with 70 if they differ.
      """)

  @Option(help: "Compare this device with the CPU: cuda, cuda:1.") var device: Device?
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    if let device { return try check(device) }
    var facts = [(name: String, value: String)]()
    var warnings = [String]()
    facts.append(("libtorch", "\(Runtime.version) at \(Runtime.libraryPath)"))
    // A matrix product comes first, so that the lazily bound BLAS is loaded.
    _ = try matmul(Tensor.ones([64, 64]), Tensor.ones([64, 64]))
    let libraries = Self.kernelFile("/proc/self/maps").split(separator: "\n")
      .compactMap { $0.split(separator: " ").last.map(String.init) }.filter { $0.hasPrefix("/") }
    let blas = Set(libraries.filter { $0.contains("openblas") || $0.contains("libblas") || $0.contains("mkl") })
      .sorted()
    let hasMKL = Runtime.configuration.contains("BLAS_INFO=mkl")
    facts.append(
      ("BLAS", blas.isEmpty ? (hasMKL ? "MKL, inside libtorch" : "inside libtorch") : blas.joined(separator: ", ")))
    if blas.contains(where: { $0.contains("pthread") }) {
      warnings.append(
        "OpenBLAS's pthread build is loaded: its threads fight with libtorch's. Install libopenblas-openmp-dev and choose it: "
          + "update-alternatives --config libblas.so.3-x86_64-linux-gnu")
    } else if !hasMKL, !blas.contains(where: { $0.contains("openblas") }) {
      warnings.append("the BLAS is not OpenBLAS: products will be slow. Install libopenblas-openmp-dev.")
    }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    facts.append(("threads", "\(Runtime.threads) of \(cores) cores"))
    if Runtime.threads > cores { warnings.append("more threads than cores: set OMP_NUM_THREADS=\(cores)") }
    facts.append(("CPU", cpu()))
    facts.append(("HDF5", HDF5File.libraryVersion))
    do { facts.append(("gnuplot", try Gnuplot().version())) } catch {
      facts.append(("gnuplot", "none"))
      warnings.append("\(error) (`fewstep report` and `fewstep field` draw with it; training does not need it)")
    }
    do { facts.append(("ffmpeg", try FFmpeg().version())) } catch {
      facts.append(("ffmpeg", "none"))
      warnings.append("ffmpeg is not installed: apt-get install ffmpeg (videos need it; images do not)")
    }
    facts.append(("CUDA devices", "\(Device.cudaCount)"))
    let engines = ProcessGroup.hasNCCL ? "several, with Gloo and NCCL" : "several, with Gloo: CPUs only"
    facts.append(("processes", ProcessGroup.absence.map { "one: for several, \($0.problem)" } ?? engines))
    let here = FileManager.default.currentDirectoryPath
    facts.append(("disk", "\(brief(Double(try DiskSpace.available(at: here)) / 1e9)) GB free at \(here)"))
    if json {
      var all = Dictionary(uniqueKeysWithValues: facts.map { ($0.name, $0.value) })
      all["warnings"] = warnings.joined(separator: "\n")
      return print(try JSONEncoder.prettyText(all))
    }
    for (name, value) in facts { print("\(name.padding(toLength: 14, withPad: " ", startingAt: 0))\(value)") }
    for warning in warnings { print("warning: \(warning)") }
    if warnings.isEmpty { print("no complaints") }
  }

  private func check(_ device: Device) throws {
    try device.requirePresence("--device")
    let results = DeviceCheck(device: device).results()
    let failed = results.filter { !$0.passed }
    try printResult(
      results, json: json,
      Table(
        columns: ["on \(device)", "difference", "at most", ""],
        rows: results.map { result in
          [
            .text(result.name), result.difference.map { .text(brief($0)) } ?? .missing, .text(brief(result.limit)),
            .text(result.error ?? (result.passed ? "" : "differs")),
          ]
        }
      ).text)
    guard failed.isEmpty else {
      throw Failure(
        .software, at: "\(device)",
        "\(failed.count) of \(results.count) results differ from the CPU's, or did not come",
        advice: "Is this libtorch made for this GPU and its driver?")
    }
    note("all \(results.count) results agree with the CPU's")
  }

  /// Reads a file of the kernel, which reports no size.
  private static func kernelFile(_ path: String) -> String {
    let data = (try? FileHandle(forReadingFrom: URL(fileURLWithPath: path)).readToEnd()) ?? nil
    return String(decoding: data ?? Data(), as: UTF8.self)
  }

  private func cpu() -> String {
    let lines = Self.kernelFile("/proc/cpuinfo").split(separator: "\n")
    func field(_ name: String) -> String {
      lines.first { $0.hasPrefix(name) }?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        ?? "?"
    }
    let flags = Set(field("flags").split(separator: " ").map(String.init))
    let known = ["avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16"].filter(flags.contains)
    return "\(field("model name")), \(known.joined(separator: " "))"
  }
}
