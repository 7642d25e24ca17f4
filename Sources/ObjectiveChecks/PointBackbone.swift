import Fewstep
import Networks
import Tensors

/// Points with three coordinates, in three classes.
final class PointBackbone: Backbone {
  let medium = Medium.points
  let sampleShape = [3]
  let device: Device
  let prompts = ["a", "b", "c"]
  let featureShape: [Int]? = [32]
  let metadata = [String: String]()

  init(device: Device) { self.device = device }

  func condition(_ promptIDs: [Int]) throws -> Condition { try Condition(classes: promptIDs, on: device) }
  func unconditional(like condition: Condition) throws -> Condition {
    try Condition(classes: condition.promptIDs.map { _ in 3 }, promptIDs: condition.promptIDs, on: device)
  }
  func teacher() throws -> any Teacher { try network(seed: 1) }
  func trainable(_ role: Role, adapters: Bool, studentSteps: Int?, seed: Int) throws -> any TrainableDenoiser {
    try network(seed: seed)
  }
  func network(seed: Int) throws -> PointNetwork { try PointNetwork(.random(seed: seed), self) }
}

/// Two layers that predict x̂0; class 3 is "none".
final class PointNetwork: Teacher, Student, FakeTeacher {
  let schedule: any NoiseSchedule = RectifiedFlow()
  let prediction = Prediction.sample
  let parameters: ParameterStore
  private let input: Linear
  private let output: Linear
  private let classes: Embedding

  init(_ source: ParameterStore.Source, _ backbone: PointBackbone) throws {
    parameters = ParameterStore(source, device: backbone.device)
    let width = backbone.featureShape?[0] ?? 32
    input = try Linear(parameters.root / "input", backbone.sampleShape[0] + 1, width)
    output = try Linear(parameters.root / "output", width, backbone.sampleShape[0])
    classes = try Embedding(parameters.root / "classes", count: backbone.prompts.count + 1, width: width)
  }

  func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try output(features(of: noisy, at: time, given: condition))
  }

  func features(of noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    let time = try time.to(noisy.dtype).to(noisy.device).unsqueezed(1)
    return try silu(input(concatenated([noisy, time], 1)) + classes(condition.tensor("class")))
  }
}
