import Fewstep
import Tensors

extension Mixture {
  /// A ring, or a list of components.
  init(_ s: SettingsReader) {
    let isListed = ["means", "dimension", "stds", "weights", "classes"].contains(where: s.gives)
    if isListed && !["modes", "radius", "std", "class-count"].contains(where: s.gives) || s.isDescribing {
      let listed = Mixture(listed: s)
      if !s.isDescribing {
        self = listed
        return
      }
    }
    let modes = s.integer("modes", default: 8, in: .closed(1, 10_000), "Components on a ring.")
    let radius = s.number("radius", default: 2, in: .positive, "The ring's radius.")
    let std = s.number("std", default: 0.2, in: .positive, "Standard deviation of each component.")
    let classes = s.integer(
      "class-count", default: min(2, modes), in: .closed(1, 10_000), "Classes, dealt out around the ring.")
    s.require(
      classes <= modes, at: "class-count", "\(classes) classes are more than the \(modes) modes they are dealt to")
    self = .ring(modes, radius: radius, std: std, classes: classes)
  }

  private init(listed s: SettingsReader) {
    let dimension = s.integer("dimension", default: 2, in: .closed(1, 100_000), "Numbers a point has.")
    let meaning = "In place of a ring: the means of all components, one after the other."
    // Means are not required if the mixture is a ring.
    let flat = s.isDescribing ? s.optionalNumbers("means", meaning) ?? [0] : s.numbers("means", meaning)
    let stds = s.numbers(
      "stds", default: [0.3], in: .positive, "Standard deviation of each component, or one for all.")
    let count = max(1, flat.count / dimension)
    // If the means are missing, settings that depend on them are not reported as well.
    let known = s.gives("means")
    s.require(
      !known || flat.count % dimension == 0, at: "means",
      "\(flat.count) numbers are no list of points with \(dimension) numbers each")
    s.require(
      !known || [1, count].contains(stds.count), at: "stds",
      "expected 1 or \(count) numbers, got \(stds.count)")
    let weights = s.optionalNumbers("weights", in: .positive, "Weights of the components, of any sum; null: all alike.")
    s.require(
      !known || weights?.count ?? count == count, at: "weights", "expected \(count) numbers, got \(weights?.count ?? 0)"
    )
    let labels = s.integers(
      "classes", default: Array(repeating: 0, count: count), in: .nonNegative, "The class of each component.")
    s.require(!known || labels.count == count, at: "classes", "expected \(count) classes, got \(labels.count)")
    // A class without a component has no density.
    let empty = (0..<(labels.max() ?? 0)).first { !labels.contains($0) }
    s.require(empty == nil, at: "classes", "no component is of class \(empty ?? 0)")
    let usable =
      flat.count == count * dimension && labels.count == count && [1, count].contains(stds.count) && empty == nil
    self.init(
      means: usable ? (0..<count).map { Array(flat[$0 * dimension..<($0 + 1) * dimension]) } : [[0]],
      stds: usable ? stds : [1], weights: usable && weights?.count == count ? weights : nil,
      labels: usable ? labels : nil)
  }
}

extension GaussianMixture {
  public static func register(in catalog: inout Catalog) {
    catalog.backbones.append(
      Plugin("gaussian-mixture", "Points of a mixture of Gaussians, with exact scores in any dimension") { s in
        let mixture = Mixture(s)
        let spuriousMode =
          s.has("spurious-mode") ? SpuriousMode(s.section("spurious-mode"), dimension: mixture.dimension) : nil
        let network = s.section("network")
        let shape = Network(
          width: network.integer(
            "width", default: 128, in: .closed(8, 8192), "Width of the student's and the fake teacher's layers."),
          layers: network.integer("layers", default: 3, in: .closed(1, 100), "Hidden layers."),
          embedding: network.integer("embedding", default: 32, in: .closed(2, 8192), "Width of the time's sinusoids."),
          warmStart: network.integer(
            "warm-start", default: 0, in: .closed(0, 1_000_000),
            "Steps of learning to denoise before student and fake teacher begin, from the same weights; 0: from random ones."
          ))
        let schedule: ScheduleKind = s.choice("schedule", default: .flow, "How noise is added.")
        let shift = s.number(
          "shift", default: 1, in: .positive, "Of the flow's times, σ = shift t / (1 + (shift - 1) t).")
        s.require(shift == 1 || schedule == .flow, at: "shift", "only the schedule 'flow' has a shift")
        return {
          GaussianMixture(
            mixture, spuriousMode: spuriousMode, network: shape, schedule: schedule.schedule(shift: shift),
            on: $0.device)
        }
      })
    catalog.rewards.append(
      Plugin("density", "The mixture's own log-density given the class") { _ in
        { try DensityReward($0.mixture(), on: $0.device) }
      })
    catalog.rewards.append(
      Plugin("class-posterior", "The log-probability of the wanted class, by Bayes' rule in the mixture") { _ in
        { try PosteriorReward($0.mixture(), on: $0.device) }
      })
    catalog.features.append(
      Plugin("mixture", "A point's coordinates, and the mixture's posterior of its class") { _ in
        { try MixtureFeatures($0.mixture(), on: $0.device) }
      })
    catalog.data.append(
      Plugin("mixture", "Samples of the backbone's own mixture") { s in
        let count = s.integer("count", default: 10_000, in: .closed(1, 10_000_000), "How many there are.")
        let seed = s.integer("seed", default: 0, in: .nonNegative, "The seed of the samples.")
        return { try MixtureData($0.mixture(), count: count, seed: seed, on: $0.device) }
      })
  }
}

extension PluginContext {
  fileprivate func mixture() throws -> Mixture {
    guard let backbone = backbone as? GaussianMixture else {
      throw TensorError("mixture", "this plugin needs the backbone 'gaussian-mixture'")
    }
    return backbone.mixture
  }
}
