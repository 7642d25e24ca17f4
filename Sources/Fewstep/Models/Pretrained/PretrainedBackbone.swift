import Files
import Networks
import Tensors

/// A pretrained model as a model family: its denoiser in three roles with prepared prompts, its text encoders for other
/// prompts, and its codec for pixels.
public final class PretrainedBackbone: TextConditioned {
  public let model: any PretrainedModel
  public let sampleShape: [Int]
  public let featureShape: [Int]?
  public let metadata: [String: String]
  private let settings: Settings
  /// How many tokens of each prompt that was embedded here the encoders did not read, if any.
  public private(set) var cutOff = [String: Int]()
  private let prepared: PreparedPrompts?
  /// The denoiser's inputs for "no prompt".
  private let nothing: Lazy<[String: Tensor]>
  /// The network of `model`, frozen. Roles with adapters share its memory.
  private let frozen: Lazy<(network: any ConditionedNetwork, parameters: ParameterStore)>
  /// The teacher's network.
  private let frozenTeacher: Lazy<(network: any ConditionedNetwork, parameters: ParameterStore)>
  /// The seed of random weights; nil uses the folder's weights.
  private let seed: Int?

  /// A family with the defaults of its own settings.
  ///
  /// - Parameter seed: the seed of random weights for the denoiser; nil uses the folder's weights.
  /// - Throws: `Failure` naming the file, and the key or tensor in it, if the folder holds another model or the prompts were
  ///   embedded by other encoders.
  public convenience init(
    _ family: any PretrainedModel.Type, _ settings: Settings, seed: Int? = nil, on device: Device
  ) throws {
    try self.init(settings, seed: seed, on: device, opening: family.openingWithDefaults)
  }

  /// - Parameter open: see `PretrainedModel.opening`.
  public init(
    _ settings: Settings, seed: Int? = nil, on device: Device,
    opening open: (ModelSource) throws -> any PretrainedModel
  ) throws {
    let model = try open(
      ModelSource(
        PipelineFolder(settings.model), variant: settings.variant, precision: settings.precision, on: device))
    self.model = model
    self.settings = settings
    self.seed = seed
    // A plan needs neither prompts nor weights.
    let isPlan = device == .meta
    let prepared = isPlan ? nil : try settings.prompts.map { try PreparedPrompts($0, by: model.conditioner) }
    self.prepared = prepared
    nothing = Lazy {
      if isPlan { return try model.plannedCondition(1) }
      return try (prepared?.nothing() ?? noGrad { try model.conditioner.nothing() })
        .mapValues { try $0.to(device).to(.float32) }
    }
    func opened(_ model: any PretrainedModel) -> Lazy<(network: any ConditionedNetwork, parameters: ParameterStore)> {
      Lazy {
        let made = try model.openDenoiser(settings.precision, seed: seed)
        try made.parameters.setTrainable(false)
        return made
      }
    }
    frozen = opened(model)
    if let folder = settings.teacher {
      let pipeline = try PipelineFolder(folder)
      let family = type(of: model)
      guard [family.pipelineClass, family.originalClass].contains(pipeline.className) else {
        throw Failure(
          .malformed, at: folder, "the teacher is of another family", expected: family.pipelineClass,
          got: pipeline.className)
      }
      let teacher = try open(
        ModelSource(pipeline, variant: settings.variant, precision: settings.precision, on: device))
      try teacher.check(isTeacherOf: model)
      frozenTeacher = opened(teacher)
    } else {
      frozenTeacher = frozen
    }
    do {
      try Precision(settings.precision)?.check(on: device, at: "precision")
      if let tile = settings.tile { try model.codec.check(tile: tile, at: "tile") }
      sampleShape = try model.latentShape(of: settings.size)
    } catch var failure as Failure {
      failure.place = settings.places[failure.place] ?? failure.place
      throw failure
    }
    featureShape = model.featureShape(ofLatents: sampleShape)
    let family = type(of: model)
    let component = family.exchange.component
    metadata = [
      "kind": family.name, "model": settings.model, "component": component,
      "config": try family.denoiserConfig(model.source.folder).description,
    ].merging(settings.variant.map { ["variant": $0] } ?? [:]) { $1 }
  }

  public var device: Device { model.source.device }
  public var medium: Medium { model.medium }
  public var prompts: [String] { prepared?.prompts ?? (device == .meta ? ["any prompt"] : []) }

  // MARK: Conditions

  /// - Throws: `Failure` if there are no prepared prompts.
  public func condition(_ promptIDs: [Int]) throws -> Condition {
    if device == .meta {
      return try condition(promptIDs, model.plannedCondition(promptIDs.count))
    }
    guard let prepared else {
      throw Failure(.malformed, at: settings.model, "prompts are asked for by ID, and none were prepared")
    }
    return try condition(promptIDs, prepared.rows(promptIDs))
  }

  public func condition(prompts: [String]) throws -> Condition {
    let (tensors, cut) = try noGrad { try model.conditioner.embed(prompts) }
    for (prompt, tokens) in zip(prompts, cut) where tokens > 0 { cutOff[prompt] = tokens }
    return try condition(Array(prompts.indices), tensors)
  }

  /// Embeddings with a sample's geometry: an uncropped original of the sample's size.
  private func condition(_ promptIDs: [Int], _ embeddings: [String: Tensor]) throws -> Condition {
    var tensors = try embeddings.mapValues { try $0.to(device).to(.float32) }
    for (name, numbers) in model.geometry(MediaFrame(settings.size)) {
      tensors[name] = try Tensor(
        promptIDs.flatMap { _ in numbers }, shape: [promptIDs.count, numbers.count]
      ).to(device)
    }
    return Condition(promptIDs: promptIDs, tensors: tensors)
  }

  /// Keeps the geometry.
  public func unconditional(like condition: Condition) throws -> Condition {
    let rows = try nothing().mapValues { row in
      try row.expanded([condition.count] + Array(repeating: -1, count: row.rank - 1))
    }
    return Condition(promptIDs: condition.promptIDs, tensors: condition.tensors.merging(rows) { $1 })
  }

  // MARK: Roles

  public func teacher() throws -> any Teacher { role(try frozenTeacher()) }
  public var sampler: SamplerKind { model.sampler }
  public func teacher(for sampler: SamplerKind) throws -> any Teacher {
    let schedule = try model.samplingSchedule(for: sampler)
    return role(try frozenTeacher(), schedule: schedule)
  }

  /// Separate weights in float32; with adapters, the teacher's own memory in the teacher's precision.
  public func trainable(_ role: Role, adapters: Bool, studentSteps: Int?, seed: Int) throws -> any TrainableDenoiser {
    guard adapters else {
      return self.role(try model.openDenoiser(.float32, studentSteps: studentSteps, seed: self.seed))
    }
    let store = ParameterStore(.shared(try frozen().parameters), dtype: settings.precision, device: device)
    return self.role((try model.denoiser(store.root, studentSteps: studentSteps), store))
  }

  private func role(
    _ made: (network: any ConditionedNetwork, parameters: ParameterStore), schedule: (any NoiseSchedule)? = nil
  ) -> PretrainedDenoiser {
    PretrainedDenoiser(
      made.network, made.parameters, schedule: schedule ?? model.schedule, prediction: model.prediction,
      precision: settings.precision == .float32 ? nil : settings.precision,
      gradientCheckpointing: settings.gradientCheckpointing)
  }

  // MARK: Pixels

  /// Opens the codec, see `Codec.open`.
  public func openCodec() throws { try model.codec.open() }

  public func pixels(_ samples: Tensor) throws -> Tensor? {
    try (model.codec.decode(samples, tile: settings.tile) * 0.5 + 0.5).clamped(0, 1)
  }
}

extension PretrainedModel {
  /// - Throws: `Failure` if the two read other inputs.
  fileprivate func check(isTeacherOf model: any PretrainedModel) throws {
    let (own, other) = (denoiserInputs.map(\.description), model.denoiserInputs.map(\.description))
    guard own == other else {
      throw Failure(
        .malformed, at: source.folder.path, "the teacher does not fit the model \(model.source.folder.path)",
        expected: other.joined(separator: ", "), got: own.joined(separator: ", "))
    }
  }

  /// The denoiser's inputs for prompts, by name, as shapes on the meta device.
  fileprivate func plannedCondition(_ count: Int) throws -> [String: Tensor] {
    let sizes = conditionSizes.merging(["B": count]) { $1 }
    let geometry = geometry(MediaFrame(Self.defaultSize))
    let inputs = denoiserInputs.filter { !["sample", "timestep"].contains($0.name) && geometry[$0.name] == nil }
    return Dictionary(uniqueKeysWithValues: try inputs.map { ($0.name, try $0.planned(sizes, .float32)) })
  }
}
