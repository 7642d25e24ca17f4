import Benchmarks
import Evaluation
import Fewstep
import Files
import Foundation
import Metrics
import Networks
import ObjectiveChecks
import PluginFiles
import Reports
import Scaffold
import Tensors
import Testing

@testable import Reweighting

/// Predicts a fixed point for every sample, whatever the noise.
private final class Constant: Teacher, FakeTeacher {
  let schedule: any NoiseSchedule = RectifiedFlow()
  let prediction = Prediction.sample
  let parameters = ParameterStore(.random(seed: 0))
  private let value: Double

  init(_ value: Double) { self.value = value }

  func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try Tensor.full(noisy.shape, value)
  }
}

@Suite("An objective from outside the tree")
struct ReweightingTests {
  @Test func `A recipe finds it by name, and its settings are checked`() throws {
    var catalog = Catalog()
    Reweighting.register(in: &catalog)
    #expect(catalog.objectives[0].settings.map(\.key) == ["temperature", "group-size"])
    let reader = SettingsReader(try YAMLNode.parse("temprature: 1", file: "mine.yaml"))
    _ = Reweighting.Settings(reader)
    #expect { try reader.finish() } throws: { "\($0)".contains("Did you mean 'temperature'?") }
  }

  @Test func `It keeps the laws of objectives`() throws {
    try ObjectiveChecks(Reweighting(.init(SettingsReader(YAMLNode.parse("group-size: 4"))))).all()
  }

  @Test func `Samples move from the fake teacher's side to the real one's, better ones further`() throws {
    let samples = try Tensor.zeros([2, 3]).requiringGrad()
    let batchRewards = try BatchRewards(
      rewards: Tensor([0.0, 1.0]).to(.float32), groupAdvantage: GroupAdvantage(groupSize: 2))
    let scene = Scene(
      samples: samples, condition: try Condition(classes: [0, 0]), time: try Tensor([0.5, 0.5]),
      noise: try Tensor.zeros([2, 3]), matching: Matching(scale: .none), teacher: Constant(1), fakeTeacher: Constant(0),
      batchRewards: batchRewards)
    let objective = Reweighting(.init(SettingsReader(try YAMLNode.parse("temperature: 1"))))
    try objective.studentLoss(scene).total.backward()
    let steps = try #require(samples.gradient).mean([1]).doubles().map { -$0 }
    #expect(steps[0] > 0 && steps[1] > steps[0])
    #expect(Swift.abs(steps[1] / steps[0] - 7.389) < 0.01)  // exp(1) / exp(-1)
  }

  @Test func `A program outside the tree measures features, and prints them in a table`() throws {
    let real = try Noise(seed: 1).stream("real", step: 0).normal(0..<40, [3])
    let scores = try FeatureMeasures(real: real)(real)
    let table = try Table(
      columns: ["measure", "value"],
      rows: scores.named.map { [.text($0.rawValue), .number($1.value)] })
    #expect(table.text.contains("Fréchet distance"))
  }

  @Test func `A network of this package loads a checkpoint as ours do, and refuses one that is not its own`() throws {
    let path = "\(NSTemporaryDirectory())fewstep-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let weight = try Tensor([Float(1), 2, 3, 4, 5, 6], shape: [2, 3])
    try Safetensors.write([("layer.weight", weight), ("layer.bias", Tensor([Float(0), 1]))], to: path)
    let weights = try Weights.open(path)
    let layer = try weights.network(in: ParameterStore(weights.parameters)) { try Linear($0 / "layer", 3, 2) }
    #expect(try layer(Tensor([Float(1), 1, 1], shape: [1, 3])).doubles() == [6, 16])
    #expect {
      _ = try weights.network(in: ParameterStore(weights.parameters)) { try Linear($0 / "layer", 4, 2) }
    } throws: {
      "\($0)".contains("layer.weight")
    }
  }
}
