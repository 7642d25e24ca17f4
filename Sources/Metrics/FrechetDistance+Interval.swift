import Tensors

extension FrechetDistance {
  static let biasWarning =
    "more than a tenth of it is the bias of so few samples: compare with sets of the same size only"

  /// The distance of generated features [m, d], with an interval, and the bias due to the limited number of samples.
  ///
  /// The interval is a bootstrap of the distance's linear part: each sample's influence on the distance is known in
  /// closed form, so that a thousand resamples cost one eigendecomposition. It shows how much the distance would vary
  /// with other generated samples of the same number. It does not include the bias, which is the same in each of them:
  /// the bias is given separately, to be compared with the distance. If the covariances do not have full rank, there is
  /// neither.
  ///
  /// - Parameter resamples: resamples of the generated samples; nil gives no interval.
  public func callAsFunction(_ generated: Tensor, _ resamples: Resamples? = nil) throws -> Estimate {
    let statistics = try FeatureStatistics(generated)
    let spectrum = try self.spectrum(statistics)
    let value = try distance(statistics, spectrum.roots)
    guard !statistics.isRankDeficient, !reference.isRankDeficient else {
      return Estimate(
        value,
        warning:
          "\(reference.count) real and \(statistics.count) generated samples of \(statistics.dimension) features "
          + "have no covariance of full rank: take more samples than features, several times as many")
    }
    let bias = try self.bias(statistics, spectrum.roots)
    let warning = bias > value / 10 ? Self.biasWarning : nil
    guard let resamples else { return Estimate(value, bias: bias, warning: warning) }
    let influence = try self.influence(of: generated, statistics, spectrum)
    let shift = try value - mean(influence).item()
    let around = try Resamples.interval(resamples.means(of: influence + shift).doubles())
    return Estimate(
      value, interval: around.map { max(0, $0.lowerBound)...max(0, $0.upperBound) }, bias: bias, warning: warning)
  }

  /// The expected excess of the distance, to second order in 1/n, if features are normally distributed.
  ///
  /// tr Σ/n for each mean; and with s the eigenvalues of (Σ₁^½Σ₂Σ₁^½)^½, from the second derivative of their sum and
  /// the Wishart distribution's variances, (1/n₁ + 1/n₂) · ½ Σᵢⱼ sᵢsⱼ (1 + δᵢⱼ) / (sᵢ + sⱼ).
  private func bias(_ generated: FeatureStatistics, _ roots: [Double]) throws -> Double {
    let (n, m) = (Double(reference.count), Double(generated.count))
    let s = try Tensor(roots)
    let across = try s.unsqueezed(1)
    // 0 / 0, for features that do not vary, counts as 0.
    let pairs = try sum((across * s / (across + s)).nanToNumber()).item() + roots.reduce(0, +) / 2
    let means = try reference.covariance.trace().item() / n + generated.covariance.trace().item() / m
    return means + (1 / n + 1 / m) * pairs / 2
  }

  /// Float64 [m]: the derivative of the distance by each sample's share in the generated set, up to a constant:
  /// (y - μ₂)ᵀ(I - T)(y - μ₂) + 2 (μ₂ - μ₁)·(y - μ₂), T = Σ₁^½ (Σ₁^½Σ₂Σ₁^½)^-½ Σ₁^½ being the optimal map.
  private func influence(
    of features: Tensor, _ statistics: FeatureStatistics, _ spectrum: (roots: [Double], vectors: Tensor)
  ) throws -> Tensor {
    let inverse = try Tensor(spectrum.roots.map { $0 > 0 ? 1 / $0 : 0 })
    let rotated = try matmul(root, spectrum.vectors)
    let map = try matmul(rotated * inverse, rotated.transposed(0, 1))
    let apart = try statistics.mean - reference.mean
    let rows = try features.detached().reshaped([statistics.count, statistics.dimension])
    return try concatenated(
      stride(from: 0, to: statistics.count, by: 4096).map { start in
        let block = try rows.rows(start..<min(start + 4096, statistics.count))
        let centred = try block.to(.cpu).to(.float64) - statistics.mean
        let curved = try (centred * (centred - matmul(centred, map))).sum([1])
        return try curved + 2 * matmul(centred, apart)
      })
  }
}
