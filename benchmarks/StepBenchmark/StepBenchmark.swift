import AMD
import ArgumentParser
import ClassifierReward
import Fewstep
import Foundation
import GaussianMixture
import IDX
import PixelUNet
import Tensors

/// The Swift side of the comparison with PyTorch: times a recipe's training steps, or writes down what they are made from.
@main
struct StepBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time the training steps of an AMD recipe, or record some of them for another implementation to repeat.",
    discussion: "Prints JSON. OMP_NUM_THREADS says how many threads libtorch uses.")

  @Argument(help: "The recipe.") var recipe: String
  @Option(name: .customLong("set"), help: "Replace one value: KEY=VALUE. May be repeated.") var overrides: [String] = []
  @Option(help: "Steps to take.") var steps = 10
  @Option(help: "Steps before those, not timed.") var warmUp = 3
  @Option(
    help: "Write the initial weights and all random choices of the steps to this safetensors file; times nothing.")
  var dump: String?

  func run() throws {
    Runtime.keepFreedMemory()  // as the command does
    let recipe = try Recipe.load(recipe, overrides: overrides, catalog: catalog)
    let trainer = try Trainer(recipe, components: TrainingComponents(recipe))
    if let dump {
      try Recording(trainer, steps: steps).write(to: dump)
      try report(Checked(settings: Settings(trainer), losses: Losses(of: (0..<steps).map { _ in try trainer.step() })))
    } else {
      for _ in 0..<warmUp { _ = try trainer.step() }
      let times = try (0..<steps).map { _ in try milliseconds { _ = try trainer.step() } }
      try report(Timing(milliseconds: times, places: Recording.places(recipe, steps: warmUp + steps)))
    }
  }

  private var catalog: Catalog {
    var catalog = Catalog()
    AMD.register(in: &catalog)
    GaussianMixture.register(in: &catalog)
    PixelUNet.register(in: &catalog)
    ClassifierReward.register(in: &catalog)
    IDXImages.register(in: &catalog)
    return catalog
  }

  private func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    let time = try ContinuousClock().measure(body)
    return time / .milliseconds(1)
  }

  private func report(_ result: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    print(String(decoding: try encoder.encode(result), as: UTF8.self))
  }
}

private struct Checked: Encodable {
  let settings: Settings
  let losses: Losses
}

private struct Timing: Encodable {
  let milliseconds: [Double]
  /// For each step, warm-up included, the place of each update in the student's step list: how long its samples took.
  let places: [[Int]]
  let peakMegabytes = Timing.residentPeak()
  let threads = Runtime.threads
  let libtorch = Runtime.version

  /// The most memory that this process ever held.
  private static func residentPeak() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
  }
}

/// One entry a step.
private struct Losses: Encodable {
  let student: [Double]
  let studentNorm: [Double]
  let fakeTeacher: [Double]
  let fakeTeacherNorm: [Double]
  let reward: [Double]

  init(of reports: [StepReport]) throws {
    student = reports.map { $0.student[0].value }
    studentNorm = reports.map(\.studentNorm)
    fakeTeacher = reports.map { $0.fakeTeacher[0].value }
    fakeTeacherNorm = reports.map(\.fakeTeacherNorm)
    reward = reports.map { $0.reward ?? 0 }
  }
}
