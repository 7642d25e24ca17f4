import Files

extension RunFolder {
  /// How many training steps the run's records show: those of its last checkpoint, or of a later row of its diagnostics.
  /// Another process may be writing them.
  public var recordedSteps: Int {
    let checkpoint = checkpointSteps.last ?? 0
    guard let file = try? HDF5File.open(diagnostics, .whileBeingWritten), let steps = try? file.dataset("step"),
      let count = try? steps.shape.first, count > 0, let last = try? steps.read(rows: count - 1..<count).doubles().first
    else { return checkpoint }
    // Steps of diagnostics count from 0.
    return max(checkpoint, Int(last) + 1)
  }
}
