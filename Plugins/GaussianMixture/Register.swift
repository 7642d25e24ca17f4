import Fewstep
import Tensors

extension Mixture {
  /// A ring, or components listed one by one.
  init(_ s: SettingsReader) {
    let isListed = ["means", "dimension", "deviations", "weights", "classes"].contains(where: s.gives)
    if isListed && !["modes", "radius", "deviation", "class-count"].contains(where: s.gives) || s.isDescribing {
      let listed = Mixture(listed: s)
      if !s.isDescribing {
        self = listed
        return
      }
    }
    self = .ring(
      s.integer("modes", default: 8, in: .atLeast(1), "Components on a ring."),
      radius: s.number("radius", default: 2, in: .positive, "The ring's radius."),
      deviation: s.number("deviation", default: 0.2, in: .positive, "Standard deviation of each component."),
      classes: s.integer("class-count", default: 2, in: .atLeast(1), "Classes, dealt out around the ring."))
  }

  private init(listed s: SettingsReader) {
    let dimension = s.integer("dimension", default: 2, in: .atLeast(1), "Numbers a point has.")
    let flat = s.numbers("means", "In place of a ring: the means of all components, one after the other.")
    let deviations = s.numbers(
      "deviations", default: [0.3], in: .positive, "Standard deviation of each component, or one for all.")
    let count = max(1, flat.count / dimension)
    // What depends on missing means is not their fault.
    let known = s.gives("means")
    s.require(
      !known || flat.count % dimension == 0, at: "means",
      "\(flat.count) numbers are no list of points with \(dimension) numbers each")
    s.require(
      !known || [1, count].contains(deviations.count), at: "deviations",
      "expected 1 or \(count) numbers, got \(deviations.count)")
    let weights = s.has("weights") ? s.numbers("weights", in: .positive, "Weights of the components, of any sum.") : nil
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
      flat.count == count * dimension && labels.count == count && [1, count].contains(deviations.count) && empty == nil
    self.init(
      means: usable ? (0..<count).map { Array(flat[$0 * dimension..<($0 + 1) * dimension]) } : [[0]],
      deviations: usable ? deviations : [1], weights: usable && weights?.count == count ? weights : nil,
      labels: usable ? labels : nil)
  }
}

extension GaussianMixture {
  public static func register(in catalog: inout Catalog) {
    catalog.backbones.append(
      Plugin("gaussian-mixture", "Points of a mixture of Gaussians, with exact scores in any dimension") { s in
        let mixture = Mixture(s)
        let network = s.section("network")
        let shape = Network(
          width: network.integer(
            "width", default: 128, in: .atLeast(8),
            "Width of the student's and the fake teacher's layers, a multiple of 8."),
          layers: network.integer("layers", default: 3, in: .atLeast(1), "Hidden layers."),
          embedding: network.integer("embedding", default: 32, in: .atLeast(2), "Width of the time's sinusoids."))
        let schedule: ScheduleKind = s.choice("schedule", default: .flow, "How noise is added.")
        let shift = s.number(
          "shift", default: 1, in: .positive, "Of the flow's times, σ = shift t / (1 + (shift - 1) t).")
        s.require(shift == 1 || schedule == .flow, at: "shift", "only the schedule 'flow' has a shift")
        return { GaussianMixture(mixture, network: shape, schedule: schedule.schedule(shift: shift), on: $0.device) }
      })
    catalog.rewards.append(
      Plugin("density", "The mixture's own log-density given the class") { _ in
        { try DensityReward($0.mixture(), on: $0.device) }
      })
    catalog.features.append(
      Plugin("mixture", "A point's coordinates, and the mixture's posterior of its class") { _ in
        { try MixtureFeatures($0.mixture(), on: $0.device) }
      })
    catalog.data.append(
      Plugin("mixture", "Samples of the backbone's own mixture") { s in
        let count = s.integer("count", default: 10_000, in: .atLeast(1), "How many there are.")
        let seed = s.integer("seed", default: 0, "What they are a function of.")
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
