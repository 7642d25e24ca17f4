extension SettingsReader {
  /// `KEY: uniform`, or `logit-normal` with the key `KEY-normal`, or `beta` with the key `KEY-beta`.
  func timeSampling(_ key: String, _ meaning: String) -> TimeSampling {
    let name = oneOf(key, ["uniform", "logit-normal", "beta"], default: "uniform", meaning)
    var sampling = TimeSampling.uniform
    if name == "logit-normal" || isDescribing {
      let normal = numbers(
        "\(key)-normal", default: [0, 1], count: 2,
        "With `logit-normal`: mean and standard deviation of the time's logit (SD3: 0 and 1, arXiv 2403.03206).")
      require(normal[1] > 0, at: "\(key)-normal", "the standard deviation must be above 0")
      sampling = .logitNormal(mean: normal[0], std: normal[1])
    }
    if name == "beta" || isDescribing {
      let beta = numbers(
        "\(key)-beta", default: [1.5, 1], in: .closed(0.1, 100), count: 2,
        "With `beta`: a and b of the distribution; its mean is a / (a + b) (π0: 1.5 and 1, arXiv 2410.24164).")
      sampling = .beta(BetaDistribution(beta[0], beta[1]))
    }
    return isDescribing ? .uniform : sampling
  }
}
