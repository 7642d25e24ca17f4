import Foundation
import Synchronization
import Tensors

/// The time, the memory and the operations of a run by part: "step > student's update > teacher".
///
/// On a GPU work is waited for where a part begins and ends, so that each part has its own time: a profiled run is slower.
public final class Profile: SpanListener {
  /// What a part took, summed over all times that it ran.
  public struct Part: Codable, Sendable {
    /// From the outermost part to this one.
    public let path: [String]
    public fileprivate(set) var count = 0
    /// With the parts inside it.
    public fileprivate(set) var seconds = 0.0
    /// Without them.
    public fileprivate(set) var ownSeconds = 0.0
    /// The most bytes of tensors on the device while it ran.
    public fileprivate(set) var peakBytes = 0
    /// Floating-point operations of products, without those of the parts inside it; a multiply-add is two.
    public fileprivate(set) var ownOperations = 0.0

    public var name: String { path.last ?? "" }

    /// The same with so many times the operations.
    func scaled(by factor: Double) -> Part {
      var part = self
      part.ownOperations *= factor
      return part
    }
  }

  /// A part that ran once, for the trace.
  struct Event {
    let name: String
    let start: Double
    let seconds: Double
    let peakBytes: Int
  }

  private struct Frame {
    let path: [String]
    let start: Double
    let operations: Double
    var inner = (seconds: 0.0, operations: 0.0)
    var peak = 0
  }

  private struct State {
    var stack = [Frame]()
    var parts = [Part]()
    var places = [[String]: Int]()
    var events = [Event]()
  }

  /// A trace of more events is cut off: viewers slow down, and the sums go on.
  private static let eventLimit = 200_000

  public let device: Device
  private let state = Mutex(State())
  private let origin = DispatchTime.now()

  public init(on device: Device) { self.device = device }

  /// Runs `body` and measures its parts.
  public func measure<R>(_ body: () throws -> R) throws -> R {
    try Measured.during { try Span.heard(by: self, body) }
  }

  /// In the order in which they first began.
  public var parts: [Part] { state.withLock { $0.parts } }
  var events: [Event] { state.withLock { $0.events } }

  public func begin(_ span: Span) {
    let now = synchronized()
    state.withLock { state in
      let peak = Measured.bytes(on: device).peak
      if let last = state.stack.indices.last { state.stack[last].peak = max(state.stack[last].peak, peak) }
      let path = (state.stack.last?.path ?? []) + [span.rawValue]
      if state.places[path] == nil {
        state.places[path] = state.parts.count
        state.parts.append(Part(path: path))
      }
      state.stack.append(Frame(path: path, start: now, operations: Measured.operations))
      Measured.resetPeak(on: device)
    }
  }

  public func end(_ span: Span) {
    let now = synchronized()
    state.withLock { state in
      guard var frame = state.stack.popLast(), let place = state.places[frame.path] else { return }
      frame.peak = max(frame.peak, Measured.bytes(on: device).peak)
      let (seconds, operations) = (now - frame.start, Measured.operations - frame.operations)
      state.parts[place].count += 1
      state.parts[place].seconds += seconds
      state.parts[place].ownSeconds += seconds - frame.inner.seconds
      state.parts[place].ownOperations += operations - frame.inner.operations
      state.parts[place].peakBytes = max(state.parts[place].peakBytes, frame.peak)
      if let outer = state.stack.indices.last {
        state.stack[outer].inner.seconds += seconds
        state.stack[outer].inner.operations += operations
        state.stack[outer].peak = max(state.stack[outer].peak, frame.peak)
      }
      if state.events.count < Self.eventLimit {
        state.events.append(Event(name: span.rawValue, start: frame.start, seconds: seconds, peakBytes: frame.peak))
      }
      Measured.resetPeak(on: device)
    }
  }

  /// Seconds since the profile began, when the device has done all work.
  private func synchronized() -> Double {
    // Reading a value waits for the GPU.
    if case .cuda = device { _ = try? Tensor.zeros([1], on: device).item() }
    return Double(DispatchTime.now().uptimeNanoseconds - origin.uptimeNanoseconds) / 1e9
  }
}
