import Fewstep
import Networks
import Tensors

/// The teacher of a mixture by Bayes' rule: exact at every time, with or without the class.
final class ExactTeacher: Teacher {
  let schedule: any NoiseSchedule
  let prediction = Prediction.sample
  private let density: MixtureDensity

  init(_ density: MixtureDensity, _ schedule: any NoiseSchedule) {
    self.density = density
    self.schedule = schedule
  }

  func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    let (alpha, sigma) = try schedule.coefficients(time, like: noisy)
    return try density.clean(noisy, alpha: alpha, sigma: sigma, classes: condition.tensor("class"))
  }
}

/// A multilayer perceptron that predicts x̂0 of points: student and fake teacher of a mixture.
public final class PointDenoiser: FakeTeacher, Student {
  public let schedule: any NoiseSchedule
  public let prediction = Prediction.sample
  public let parameters: ParameterStore
  private let power: Double
  private let embedding: Int
  private let input: Linear
  private let hidden: [Linear]
  private let output: Linear
  private let classes: Embedding
  private let studentStep: StepEmbedding?

  /// - Parameters:
  ///   - power: the mean square of the data, which scales inputs to unit size.
  ///   - studentSteps: tells the network which of so many steps made a sample; nil does not.
  public init(
    _ store: ParameterStore, dimension: Int, classes: Int, width: Int, layers: Int, embedding: Int, power: Double,
    studentSteps: Int? = nil, schedule: any NoiseSchedule
  ) throws {
    parameters = store
    self.schedule = schedule
    self.power = power
    self.embedding = embedding
    input = try Linear(store.root / "input", dimension + embedding, width)
    hidden = try (0..<layers - 1).map { try Linear(store.root / "hidden" / $0, width, width) }
    output = try Linear(store.root / "output", width, dimension)
    self.classes = try Embedding(store.root / "classes", count: classes + 1, width: width)
    studentStep = try studentSteps.map {
      try StepEmbedding(store.root / "student_step_embedding", steps: $0, width: width)
    }
  }

  public func modelOutput(for noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try output(hidden(noisy, time, condition))
  }

  public func features(of noisy: Tensor, at time: Tensor, given condition: Condition) throws -> Tensor {
    try hidden(noisy, time, condition)
  }

  private func hidden(_ noisy: Tensor, _ time: Tensor, _ condition: Condition) throws -> Tensor {
    let times = try time.doubles()
    let sizes = times.map { time in
      let (alpha, sigma) = (schedule.alpha(time), schedule.sigma(time))
      return Float((alpha * alpha * power + sigma * sigma).squareRoot())
    }
    let scaled = try noisy / Tensor(sizes).to(noisy.device).unsqueezed(1)
    let models = try Tensor(times.map { Float(schedule.timestep($0)) }).to(noisy.device)
    let features = try concatenated([scaled, sinusoids(models, width: embedding)], 1)
    var h = try input(features) + classes(condition.tensor("class"))
    if let studentStep { h = try h + studentStep(condition.tensor(Condition.studentStep)) }
    h = try silu(h)
    for layer in hidden { h = try silu(layer(h)) }
    return h
  }
}
