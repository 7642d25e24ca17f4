import Fewstep
import Foundation
import Networks
import PixelUNet
import Tensors

final class Raw: DataSource {
  let images: Tensor
  let labels: [Int]
  init() throws {
    let d = try Data(contentsOf: URL(fileURLWithPath: "/tmp/tr-images")).dropFirst(16)
    images = try Data(d).withUnsafeBytes { try Tensor(bytes: $0, shape: [60000, 1, 28, 28], dtype: .uint8) }
    labels = try Data(contentsOf: URL(fileURLWithPath: "/tmp/tr-labels")).dropFirst(8).map { Int($0) }
  }
  var count: Int { labels.count }
  var sampleShape: [Int] { [1, 28, 28] }
  func batch(_ p: [Int]) throws -> (samples: Tensor, condition: Condition) {
    (try images.selected(Tensor(p)).to(.float32) * (1 / 127.5) - 1, try Condition(classes: p.map { labels[$0] }))
  }
}

@main
struct Main {
  static func main() throws {
    let args = CommandLine.arguments
    let channels = Int(args[1])!, steps = Int(args[2])!, batch = Int(args[3])!
    try Runtime.setThreads(Int(args[4])!)
    let arch = Architecture(channels: channels, blocks: Int(args[5])!)
    let model = try PixelDenoiser(arch, ParameterStore(.random(seed: 0)))
    print("parameters", model.parameters.count)
    let t = try DenoiserTraining(
      model, unconditional: model.unconditional, data: Raw(),
      settings: .init(
        steps: steps, batch: batch, optimizer: .init(learningRate: 1e-3, betas: [0.9, 0.99], weightDecay: 0.01),
        schedule: .init(.cosine, warmUp: 100, total: steps, floor: 0.02), gradientLimit: 1, decay: .power(gamma: 12),
        times: .logitNormal, dropout: 0.1), seed: 0)
    var s = Date()
    var sum = 0.0
    for i in 0..<steps {
      let (l, n) = try t.step(i)
      sum += l
      if (i + 1) % 20 == 0 {
        print(i + 1, "loss", sum / 20, "norm", n, "s/step", -s.timeIntervalSinceNow / 20)
        fflush(nil)
        sum = 0
        s = Date()
      }
      if (i + 1) % 1000 == 0 || i + 1 == steps {
        var names = ""
        var data = Data()
        for (n, v) in t.ema.state {
          names += "\(n) \(v.shape.map(String.init).joined(separator: ","))\n"
          try v.withBytes { data.append(contentsOf: $0) }
        }
        try names.write(toFile: "/tmp/teacher-\(i + 1).names", atomically: true, encoding: .utf8)
        try data.write(to: URL(fileURLWithPath: "/tmp/teacher-\(i + 1).raw"))
      }
    }
  }
}
