import ArgumentParser
import Files
import Foundation
import Networks
import SDXL
import Tensors

/// The Swift side of the comparison of SDXL's U-Net: the memory and the time of forward passes with random weights.
@main
struct UNetBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time SDXL's U-Net.", discussion: "Prints JSON. OMP_NUM_THREADS says how many threads libtorch uses.")

  @Argument(help: "The U-Net's config.json.") var config: String
  @Option(help: "Height and width of the latents.") var size = 64
  @Option(help: "float32 or bfloat16.") var dtype = "float32"
  @Option(help: "Passes to time, after one that is not.") var passes = 2

  func run() throws {
    guard let type = DType(name: dtype), type.isFloatingPoint else {
      throw ValidationError("--dtype \(dtype): expected float32 or bfloat16")
    }
    let configuration = try UNetConfiguration(ModelConfig(config))
    let network = try UNet(Self.weights(configuration, type).root, configuration)
    let made = Usage.residentPeak()
    let times = try noGrad {
      let noise = Noise(seed: 1)
      func normal(_ name: String, _ shape: [Int]) throws -> Tensor {
        try noise.stream(name, step: 0).normal(0..<1, shape).to(type)
      }
      let sample = try normal("sample", [configuration.inputChannels, size, size])
      let text = try normal("text", [77, configuration.textWidth])
      let pooled = try normal("pooled", [configuration.pooledWidth])
      let pixels = Float(8 * size)
      let timeIDs = try Tensor([pixels, pixels, 0, 0, pixels, pixels], shape: [1, 6])
      return try (0...passes).map { _ in
        let clock = ContinuousClock()
        let began = clock.now
        _ = try network(sample, Tensor([Float(999)]), text: text, pooled: pooled, timeIDs: timeIDs)
        return (clock.now - began) / .seconds(1)
      }
    }
    let usage = Usage(seconds: Array(times.dropFirst()), weightsMegabytes: made)
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    print(String(decoding: try encoder.encode(usage), as: UTF8.self))
  }

  /// The same million random numbers over and over: billions of them would take longer than what is timed.
  private static func weights(_ configuration: UNetConfiguration, _ dtype: DType) throws -> ParameterStore {
    let shapes = ParameterStore(.shapes)
    _ = try UNet(shapes.root, configuration)
    let numbers = try Noise(seed: 0).stream("weights", step: 0)
      .uniform(0..<1, [1 << 20], low: -0.03, high: 0.03).reshaped([-1]).to(dtype)
    return ParameterStore(
      .checkpoint { name in
        try shapes[name].map { parameter in
          let count = parameter.value.count
          return try numbers.repeated([(count + numbers.count - 1) / numbers.count]).sliced(0, to: count)
            .reshaped(parameter.value.shape)
        }
      }, dtype: dtype)
  }
}

private struct Usage: Encodable {
  let seconds: [Double]
  /// The most memory that the process held when the weights were made.
  let weightsMegabytes: Double
  /// And at the end.
  let peakMegabytes = Usage.residentPeak()
  let threads = Runtime.threads
  let libtorch = Runtime.version

  static func residentPeak() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
  }
}
