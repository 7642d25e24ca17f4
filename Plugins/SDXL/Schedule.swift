import Fewstep
import Files

extension DiscreteVP {
  /// Reads the noise schedule and the prediction type from a scheduler_config.json of any of diffusers' schedulers.
  ///
  /// - Throws: `Failure.malformed` naming a key whose value is not implemented or not known.
  static func reading(_ config: ModelConfig) throws -> (schedule: DiscreteVP, prediction: Prediction) {
    try config.accepts("trained_betas")
    try config.accepts("rescale_betas_zero_snr", false)
    try config.accepts("interpolation_type", "linear")
    try config.accepts("timestep_type", "discrete")
    let shape = try config.text("beta_schedule", default: "linear")
    guard ["linear", "scaled_linear"].contains(shape) else {
      throw config.wrong("beta_schedule", expected: "linear or scaled_linear", got: shape)
    }
    var schedule = DiscreteVP(
      count: try config.integer("num_train_timesteps", default: 1000),
      betaStart: try config.number("beta_start", default: 1e-4), betaEnd: try config.number("beta_end", default: 0.02),
      scaled: shape == "scaled_linear")
    let spacing = try config.text("timestep_spacing", default: "linspace")
    // Only many-step sampling depends on the spacing: training and few-step sampling have their own times.
    schedule.spacing = Spacing(rawValue: spacing) ?? .trailing
    schedule.offset = try config.integer("steps_offset", default: 0)
    let predictions: [String: Prediction] = ["epsilon": .noise, "v_prediction": .velocity, "sample": .sample]
    let name = try config.text("prediction_type", default: "epsilon")
    guard let prediction = predictions[name] else {
      throw config.wrong("prediction_type", expected: "epsilon, v_prediction or sample", got: name)
    }
    // These settings concern samplers that are not used here, or the clipping of pixels.
    try config.accepts("clip_sample", false)
    try config.accepts("thresholding", false)
    config.ignores(
      "set_alpha_to_one", "skip_prk_steps", "use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas",
      "sigma_min",
      "sigma_max", "final_sigmas_type", "clip_sample_range", "dynamic_thresholding_ratio", "sample_max_value",
      "original_inference_steps", "timestep_scaling", "variance_type", "solver_order", "algorithm_type", "solver_type",
      "lower_order_final", "euler_at_final", "use_lu_lambdas", "lambda_min_clipped")
    try config.finish()
    return (schedule, prediction)
  }
}
