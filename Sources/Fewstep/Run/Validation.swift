import Processes
import Tensors

/// Samples that show how training goes and train nothing: the fixed batch, sample grids, small evaluations. They come after the
/// step's checkpoint. A signal stops them within an operator, and if memory is too small for them, training goes on without.
struct Validation {
  /// Called with the name of the work, how much of it is done, and how much there is.
  typealias Progress = (_ name: String, _ done: Int, _ total: Int) -> Void

  private struct Stopped: Error {}

  let note: (String) -> Void
  let progress: Progress

  /// - Parameters:
  ///   - advice: what takes less memory.
  ///   - body: gets a function to call with how much is done and how much there is.
  /// - Returns: nil if it was stopped.
  func callAsFunction<Seen>(
    _ name: String, advice: String, _ body: ((_ done: Int, _ total: Int) -> Void) throws -> Seen?
  ) throws -> Seen? {
    do {
      return try interruptible(by: { if Signals.isRequested { throw Stopped() } }) {
        try span(.validation) { try body { progress(name, $0, $1) } }
      }
    } catch is Stopped {
      return nil
    } catch let error as TensorError where error.isOutOfMemory {
      note("warning: too little memory for the \(name); training goes on without it. \(advice)\n  \(error)")
      return nil
    }
  }
}
