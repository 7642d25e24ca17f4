import Fewstep

extension AMD {
  /// The part of the direction that the advantage reweights.
  public enum Adaptation: String, Sendable, CaseIterable {
    /// The two terms relative to each other (Eq. 10).
    case decomposed
    /// The whole direction by β: naive reweighting (Fig. 8).
    case scalar
  }

  public struct Settings: Sendable {
    /// s in Eq. 13.
    public let sensitivity: Double
    public let adaptation: Adaptation
    /// κ
    public let noiseTilt: Double
    /// k in the fake teacher's weight W = exp(-k ã), Eq. 14.
    public let sharpening: Double
    /// Whether W is divided by its mean over the group.
    public let normalised: Bool
    public let groupAdvantage: GroupAdvantage
    public let gan: AdversarialTerm.Settings?

    public init(_ s: SettingsReader) {
      sensitivity = s.number(
        "sensitivity", default: 0.3, in: .halfOpen(0, 1),
        "How far the advantage tilts the two signals: s in Eq. 13. 0 is DMD.")
      adaptation = s.choice(
        "adaptation", default: .decomposed,
        "What the advantage reweights: the two signals (Eq. 10), or as a scalar (1 - s ã) their sum, the naive way of Fig. 8."
      )
      noiseTilt = s.number(
        "noise-tilt", default: 0, in: .nonNegative,
        "κ: samples are compared at u^exp(κ ã) for the time u in `matching.times`, bad ones in more noise. 0 is the paper's."
      )
      sharpening = s.number(
        "sharpening", default: 1, in: .nonNegative,
        "k in the fake teacher's weight W = exp(-k ã), Eq. 14 (the paper: 1). 0 is DMD.")
      normalised = s.boolean(
        "normalise-sharpening", default: true,
        "Divide W by its mean over the group: without it the fake teacher's loss grows by some 28%.")
      groupAdvantage = GroupAdvantage(
        groupSize: s.integer(
          "group-size", default: 8, in: .atLeast(2),
          "K in Eq. 12: samples of one prompt (the paper: 64 images, 8 videos)."),
        interval: s.integer(
          "interval", default: 1, in: .atLeast(1),
          "Rewards are evaluated every so many steps (the paper: 8 for SDXL); plain DMD between."),
        clip: s.number("advantage-clip", default: 1, in: .positive, "ã is limited to ± this, Eq. 12."),
        epsilon: s.number("advantage-epsilon", default: 1e-6, in: .positive, "ε in Eq. 12."),
        pooledStd: s.number(
          "pooled-std", default: 0, in: .closed(0, 1),
          "How far σ_g² in Eq. 12 is drawn towards its mean over the step's groups. 0 is the paper's."))
      gan = s.optionalSection("gan").map(AdversarialTerm.Settings.init)
    }
  }
}
