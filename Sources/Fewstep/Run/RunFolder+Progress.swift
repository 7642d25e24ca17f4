import Files

extension RunFolder {
  /// The number of training steps in the run's records: in its last checkpoint, or in a later row of its diagnostics.
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
