import Fewstep
import Files

extension RectifiedFlow {
  /// Reads the flow from the scheduler_config.json of one of diffusers' schedulers for flows.
  ///
  /// - Parameter shift: in place of the config's.
  /// - Returns: the flow with the noise levels that the scheduler visits, and the sampler that it is.
  /// - Throws: `Failure.malformed` naming a key whose value is not implemented or not known.
  static func reading(_ config: ModelConfig, shift: Double?) throws -> (schedule: RectifiedFlow, sampler: SamplerKind) {
    let kinds: [String: (FlowGrid, SamplerKind, shift: String)] = [
      "UniPCMultistepScheduler": (.unipc, .unipc, "flow_shift"),
      "DPMSolverMultistepScheduler": (.dpm, .dpm, "flow_shift"),
      "FlowMatchEulerDiscreteScheduler": (.euler, .ddim, "shift"),
    ]
    let name = try config.text("_class_name")
    guard let (grid, sampler, key) = kinds[name] else {
      throw config.wrong("_class_name", expected: kinds.keys.sorted().joined(separator: " or "), got: name)
    }
    try config.accepts("num_train_timesteps", 1000)
    try config.accepts("use_dynamic_shifting", false)
    if grid == .euler {
      try config.accepts("invert_sigmas", false)
      try config.accepts("shift_terminal")
      config.ignores(
        "base_image_seq_len", "base_shift", "max_image_seq_len", "max_shift", "stochastic_sampling", "time_shift_type")
    } else {
      for (key, values) in [("prediction_type", ["flow_prediction"]), ("final_sigmas_type", ["zero"])] {
        let value = try config.text(key, default: key == "prediction_type" ? "epsilon" : "zero")
        guard values.contains(value) else { throw config.wrong(key, expected: values[0], got: value) }
      }
      guard try config.boolean("use_flow_sigmas", default: false) else {
        throw config.wrong("use_flow_sigmas", expected: "true", got: "false")
      }
      try config.accepts("solver_order", 2)
      try config.accepts("solver_type", grid == .unipc ? "bh2" : "midpoint")
      try config.accepts("algorithm_type", "dpmsolver++")
      for key in ["predict_x0", "lower_order_final"] { try config.accepts(key, true) }
      for key in ["thresholding", "rescale_betas_zero_snr", "euler_at_final"] { try config.accepts(key, false) }
      try config.accepts("disable_corrector", [])
      for key in ["solver_p", "trained_betas", "variance_type"] { try config.accepts(key) }
      // Of other kinds of schedules.
      config.ignores(
        "beta_end", "beta_schedule", "beta_start", "dynamic_thresholding_ratio", "lambda_min_clipped",
        "sample_max_value", "sigma_max", "sigma_min", "steps_offset", "time_shift_type", "timestep_spacing",
        "use_lu_lambdas", "shift_terminal")
    }
    for key in ["use_beta_sigmas", "use_exponential_sigmas", "use_karras_sigmas"] { try config.accepts(key, false) }
    let own = try config.number(key, default: 1)
    guard own > 0 else { throw config.wrong(key, expected: "a positive number", got: "\(own)") }
    try config.finish()
    return (RectifiedFlow(shift: shift ?? own, grid: grid), sampler)
  }
}
