import Foundation
import Tensors

/// The Forbidden Zone of a run: the samples for which the teacher is unreliable, and how they developed. Made from the
/// columns of `diagnostics.h5`; a plot is left out if its columns are missing.
struct ZonePage {
  private let columns: [String: [Double]]
  private let fixedBatch: [(step: Int, rewards: [Double])]
  private let gnuplot: Gnuplot

  init(_ record: RunRecord, gnuplot: Gnuplot) {
    columns = record.diagnostics
    fixedBatch = record.fixedBatch
    self.gnuplot = gnuplot
  }

  func content() throws -> [HTML] {
    let plots: [(plot: Plot?, caption: String)] = [
      (overTime("Share of samples in the zone", "zone", range: 0...1, band: false), "zone occupancy over time"),
      (byTime, "zone occupancy by the noise level t at which student and teachers are compared"),
      (advantages, "how the samples' rewards stand in their groups; at -1 and 1 they are cut off"),
      (
        overTime("Share of flipped directions", "flips", range: 0...1, band: false),
        "samples whose direction the reweighting turns round"
      ),
      (
        overTime("Cosine of matching and alignment", "cosine", range: -1...1),
        "the two parts of the direction: mean, and the middle 80% of samples"
      ),
      (overTime("Reward of the student's samples", "reward"), "mean, and the middle 80% of samples"),
      (displacements, "root mean squares of the two parts of the direction"),
      (
        overTime("Size of the step asked of a sample", "update", isLogarithmic: true),
        "mean, and the middle 80% of samples"
      ),
      (overTime("Weight of the fake teacher's loss", "weight"), "mean, and the middle 80% of samples (AMD's Eq. 14)"),
      (rewards, "the fixed batch's samples, made from the same noise all through training: mean, and the middle 80%"),
      (
        beforeAndAfter,
        "each dot is one of the fixed batch's noises; above the line, its sample has gained in the updates between two evaluations"
      ),
    ]
    let boxes = try plots.compactMap { entry -> HTML? in
      try entry.plot.flatMap { try ReportPage.plot($0, entry.caption, with: gnuplot) }
    }
    return ReportPage.grid(boxes) + (try stuckPrompts())
  }

  // MARK: Plots

  private func overTime(
    _ title: String, _ name: String, range: ClosedRange<Double>? = nil, isLogarithmic: Bool = false, band: Bool = true
  ) -> Plot? {
    guard let steps = columns["step"], let values = columns[name], varies(name, values) else { return nil }
    return Plot(
      title, x: .init("step"), y: .init(isLogarithmic: isLogarithmic, range: range),
      Curve(x: steps, y: values).series(band: band))
  }

  /// Whether a column is worth plotting. If all rewards are 0, none were computed.
  private func varies(_ name: String, _ values: [Double]) -> Bool {
    name != "reward" || values.contains { $0.isFinite && $0 != 0 }
  }

  /// The share of samples in the zone by t, in the first and in the last third of training.
  private var byTime: Plot? {
    guard let steps = columns["step"], let times = columns["t"], let zone = columns["zone"], let last = steps.max()
    else {
      return nil
    }
    func third(_ isIn: (Double) -> Bool, _ label: String, _ ink: Ink) -> [Plot.Series] {
      let rows = steps.indices.filter { isIn(steps[$0]) }
      let bins = rows.map { (times[$0] * 20).rounded(.down) / 20 + 0.025 }
      return Curve(x: bins, y: rows.map { zone[$0] }).series(label, ink: ink, band: false)
    }
    return Plot(
      "Share in the zone by noise level", x: .init("t", range: 0...1), y: .init(range: 0...1),
      third({ $0 <= last / 3 }, "first third", .amber) + third({ $0 >= last * 2 / 3 }, "last third", .blue))
  }

  private var advantages: Plot? {
    guard let values = columns["advantage"]?.filter(\.isFinite), values.contains(where: { $0 != 0 }) else { return nil }
    let limit = max(1, values.map(\.magnitude).max() ?? 1)
    let count = 41
    let width = 2 * limit / Double(count)
    var shares = [Double](repeating: 0, count: count)
    for value in values { shares[min(count - 1, Int((value + limit) / width))] += 1 / Double(values.count) }
    let centres = (0..<count).map { -limit + (Double($0) + 0.5) * width }
    return Plot(
      "Advantage ã", x: .init("ã", range: -limit...limit), y: .init("share", range: 0...(shares.max() ?? 1) * 1.08),
      [.init(.bars(x: centres, y: shares, width: width), ink: .blue)])
  }

  private var displacements: Plot? {
    guard let steps = columns["step"], let matching = columns["matching"], let alignment = columns["alignment"] else {
      return nil
    }
    return Plot(
      "Displacements", x: .init("step"), y: .init(isLogarithmic: true),
      Curve(x: steps, y: matching).series("matching", band: false)
        + (alignment.contains { $0 > 0 }
          ? Curve(x: steps, y: alignment).series("alignment", ink: .vermilion, band: false) : []))
  }

  private var rewards: Plot? {
    guard fixedBatch.count > 1 else { return nil }
    let steps = fixedBatch.flatMap { one in one.rewards.map { _ in Double(one.step) } }
    return Plot(
      "Reward of the same noise", x: .init("step"), Curve(x: steps, y: fixedBatch.flatMap(\.rewards)).series())
  }

  /// The samples at the beginning and at the end of training.
  private var beforeAndAfter: Plot? {
    guard fixedBatch.count > 1 else { return nil }
    func change(_ place: Int, _ ink: Ink) -> Plot.Series {
      let (before, after) = (fixedBatch[place], fixedBatch[place + 1])
      return Plot.Series(
        .points(x: before.rewards, y: after.rewards, size: 1.4), label: "step \(before.step) to \(after.step)", ink: ink
      )
    }
    let dots = [change(0, .amber)] + (fixedBatch.count > 2 ? [change(fixedBatch.count - 2, .blue)] : [])
    let all = dots.flatMap { $0.columns.flatMap { $0 } }.filter(\.isFinite)
    guard let least = all.min(), let largest = all.max(), least < largest else { return nil }
    return Plot(
      "Reward before and after updates", x: .init("before"), y: .init("after"),
      [.init(.line(x: [least, largest], y: [least, largest]), ink: .black, isDashed: true)] + dots)
  }

  // MARK: Prompts

  /// The prompts whose samples were in the zone most often at the end.
  private func stuckPrompts(limit: Int = 12) throws -> [HTML] {
    guard let steps = columns["step"], let prompts = columns["prompt"], let zone = columns["zone"],
      let last = steps.max()
    else { return [] }
    struct Stay {
      var all = [Double]()
      var late = [Double]()
    }
    var stays = [Int: Stay]()
    for row in steps.indices {
      guard let prompt = Int(exactly: prompts[row]), zone[row].isFinite else { continue }
      stays[prompt, default: Stay()].all.append(zone[row])
      if steps[row] >= last * 2 / 3 { stays[prompt]?.late.append(zone[row]) }
    }
    func mean(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }
    let order = stays.sorted { (mean($0.value.late), -$0.key) > (mean($1.value.late), -$1.key) }
    guard !order.isEmpty else { return [] }
    let table = try Table(
      columns: ["prompt", "samples", "share in the zone", "in the last third"],
      rows: order.prefix(limit).map {
        [.text("\($0.key)"), .integer($0.value.all.count), .number(mean($0.value.all)), .number(mean($0.value.late))]
      })
    return ["<h3>Prompts that stay in the zone</h3>", table.html]
  }
}
