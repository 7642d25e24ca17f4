import Fewstep
import Files
import Tensors

/// How a folder says that its model is sampled: one of diffusers' schedulers for flows, or the code of Wan's authors.
struct WanScheduler {
  /// The shift of the flow.
  let shift: Double
  let sampler: SamplerKind
  private let isOriginal: Bool
  /// Whether samples are noised again between steps, as a few-step student's are.
  private let isStochastic: Bool

  /// As Wan's generate.py has it by default.
  static let original = WanScheduler(shift: 5, sampler: .unipc, isOriginal: true, isStochastic: false)

  private init(shift: Double, sampler: SamplerKind, isOriginal: Bool, isStochastic: Bool) {
    (self.shift, self.sampler, self.isOriginal, self.isStochastic) = (shift, sampler, isOriginal, isStochastic)
  }

  /// The levels and timesteps of a sampler in the program that the folder is from, whatever the folder's own sampler is.
  func schedule(for sampler: SamplerKind, shift: Double, at folder: String) throws -> RectifiedFlow {
    guard !isStochastic else {
      throw Failure(
        .usage, at: "\(folder)/scheduler/scheduler_config.json: stochastic_sampling",
        "the folder holds a few-step student, which many-step samplers cannot sample",
        advice: "Sample the run that it was exported from, or the folder with diffusers, as its README.md says.")
    }
    switch sampler {
    case .unipc: return RectifiedFlow(shift: shift, grid: isOriginal ? .wan : .unipc).withWholeTimesteps
    case .dpm: return RectifiedFlow(shift: shift, grid: isOriginal ? .even : .dpm).withWholeTimesteps
    case .ddim, .heun: return RectifiedFlow(shift: shift, grid: isOriginal ? .even : .euler)
    }
  }

  /// Reads a scheduler_config.json.
  ///
  /// - Throws: `Failure.malformed` naming a key whose value is not implemented or not known.
  init(_ config: ModelConfig) throws {
    let kinds: [String: (SamplerKind, shift: String)] = [
      "UniPCMultistepScheduler": (.unipc, "flow_shift"), "DPMSolverMultistepScheduler": (.dpm, "flow_shift"),
      "FlowMatchEulerDiscreteScheduler": (.ddim, "shift"),
    ]
    let name = try config.text("_class_name")
    guard let (sampler, key) = kinds[name] else {
      throw config.wrong("_class_name", expected: kinds.keys.sorted().joined(separator: " or "), got: name)
    }
    try config.accepts("num_train_timesteps", 1000)
    try config.accepts("use_dynamic_shifting", false)
    try config.accepts("shift_terminal")
    if sampler == .ddim {
      try config.accepts("invert_sigmas", false)
      isStochastic = try config.boolean("stochastic_sampling", default: false)
      config.ignores("base_image_seq_len", "base_shift", "max_image_seq_len", "max_shift", "time_shift_type")
    } else {
      isStochastic = false
      let prediction = try config.text("prediction_type", default: "epsilon")
      guard prediction == "flow_prediction" else {
        throw config.wrong("prediction_type", expected: "flow_prediction", got: prediction)
      }
      guard try config.boolean("use_flow_sigmas", default: false) else {
        throw config.wrong("use_flow_sigmas", expected: "true", got: "false")
      }
      try config.accepts("final_sigmas_type", "zero")
      try config.accepts("solver_order", 2)
      try config.accepts("solver_type", sampler == .unipc ? "bh2" : "midpoint")
      try config.accepts("algorithm_type", "dpmsolver++")
      for key in ["predict_x0", "lower_order_final"] { try config.accepts(key, true) }
      for key in ["thresholding", "rescale_betas_zero_snr", "euler_at_final"] { try config.accepts(key, false) }
      try config.accepts("disable_corrector", [])
      for key in ["solver_p", "trained_betas", "variance_type"] { try config.accepts(key) }
      // Of other kinds of schedules.
      config.ignores(
        "beta_end", "beta_schedule", "beta_start", "dynamic_thresholding_ratio", "lambda_min_clipped",
        "sample_max_value", "sigma_max", "sigma_min", "steps_offset", "time_shift_type", "timestep_spacing",
        "use_lu_lambdas")
    }
    for key in ["use_beta_sigmas", "use_exponential_sigmas", "use_karras_sigmas"] { try config.accepts(key, false) }
    shift = try config.number(key, default: 1)
    guard shift > 0 else { throw config.wrong(key, expected: "a positive number", got: "\(shift)") }
    (self.sampler, isOriginal) = (sampler, false)
    try config.finish()
  }
}
