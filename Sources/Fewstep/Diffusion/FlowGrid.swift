/// The noise levels at which many-step samplers visit a rectified flow: programs differ.
public enum FlowGrid: Sendable {
  /// σ from 1 to 0 in even steps, before the shift: most training code, and Wan's own solver dpm++.
  case even
  /// Wan's own solver unipc, which begins at 0.999.
  case wan
  /// diffusers' UniPCMultistepScheduler: from just below 1 to 1/1000.
  case unipc
  /// diffusers' DPMSolverMultistepScheduler: from 0.999 to 0.
  case dpm
  /// diffusers' FlowMatchEulerDiscreteScheduler, which shifts twice: the last level is close to 0.
  case euler

  /// The falling levels σ of `count` steps; the 0 at the end is implied.
  ///
  /// - Parameter shift: moves them towards noise (Esser et al., arXiv 2403.03206, Eq. 23).
  public func levels(_ count: Int, shift: Double) -> [Double] {
    func shifted(_ level: Double) -> Double { shift * level / (1 + (shift - 1) * level) }
    func line(from start: Double, to end: Double, _ steps: Int) -> [Double] {
      (0..<count).map { steps == 0 ? start : start + (end - start) * Double($0) / Double(steps) }
    }
    switch self {
    case .even: return line(from: 1, to: 0, count).map(shifted)
    case .wan: return line(from: Double(Float(0.999)), to: 0, count).map { Double(Float(shifted($0))) }
    case .unipc: return line(from: 1, to: 1e-3, count).map { Double(Float(min(shifted($0), 1 - 1e-6))) }
    case .dpm: return line(from: 0.999, to: 0, count).map { Double(Float(shifted($0))) }
    case .euler: return line(from: 1, to: shifted(1e-3), count - 1).map(shifted)
    }
  }
}
