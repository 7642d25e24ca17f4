import Tensors

/// Metrics of the fixed batch at one step.
public struct MonitorReport {
  /// Steps done.
  public let step: Int
  /// The mean over samples and coordinates.
  public let mean: Double
  /// Standard deviation over the samples, as the root mean square over the coordinates.
  public let std: Double
  /// Mean distance between two samples of one prompt, divided by √D.
  public let diversity: Double
  /// Distance of the mean sample from the teacher's, in units of the teacher's standard deviation.
  public let meanShift: Double
  /// The energy distance from the teacher's samples (Székely and Rizzo, 2013), as a share of the mean distance between
  /// two of these: 0 for equal distributions.
  public let energyDistance: Double
  /// The mean pixel value minus that of the teacher's samples, between -1 and 1; nil for samples without pixels.
  public let brightness: Double?
  /// The share of pixel values that are white, as a multiple of that of the teacher's samples; nil likewise.
  public let saturation: Double?
  /// The fake teacher's mean denoising error on the samples.
  public let denoisingError: Double
  /// The same error on the samples that it has just trained on; nil if unknown.
  public let trainingError: Double?
  /// The training reward's gain minus the held-out rewards' mean gain, in units of their standard deviation; nil
  /// without held-out rewards and during the first steps that are ignored.
  public let goodhartGap: Double?
  /// One score per sample, by name: "reward", "held-out-NAME".
  public let rewards: [(name: String, values: [Double])]

  /// The fake teacher's generalization gap: 1 if its error on unseen samples equals its error on those it just trained
  /// on.
  public var fakeTeacherGap: Double? { trainingError.map { denoisingError / $0 } }

  /// All metrics that are single numbers, by name.
  public var scalars: [(name: String, value: Double)] {
    let known: [(name: String, value: Double?)] = [
      ("mean", mean), ("std", std), ("diversity", diversity), ("mean-shift", meanShift),
      ("energy-distance", energyDistance), ("brightness", brightness), ("saturation", saturation),
      ("error", denoisingError), ("training-error", trainingError), ("fake-teacher-gap", fakeTeacherGap),
      ("goodhart-gap", goodhartGap),
    ]
    return known.map { ($0.name, $0.value ?? .nan) } + rewards.map { ("\($0.name)-mean", average($0.values)) }
  }

  /// A row of monitor.h5: scalars [1], rewards [1, samples].
  var columns: [(name: String, values: Tensor)] {
    get throws {
      try scalars.map { ($0.name, try Tensor([$0.value])) }
        + rewards.map { ($0.name, try Tensor($0.values, shape: [1, $0.values.count])) }
    }
  }
}

func average(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

func standardDeviation(_ values: [Double]) -> Double {
  let mean = average(values)
  return average(values.map { ($0 - mean) * ($0 - mean) }).squareRoot()
}
