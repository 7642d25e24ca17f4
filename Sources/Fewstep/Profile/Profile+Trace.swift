import Files
import Foundation

extension Profile {
  /// Writes the parts as a trace in Chrome's format, which Perfetto and chrome://tracing open.
  public func write(to path: String) throws {
    struct Trace: Encodable {
      struct Event: Encodable {
        let name: String
        var ph = "X"
        let ts: Double
        let dur: Double
        var pid = 1
        var tid = 1
        let args: [String: Int]
      }
      let traceEvents: [Event]
      var displayTimeUnit = "ms"
    }
    let events = events.sorted { $0.start < $1.start }.map {
      Trace.Event(name: $0.name, ts: $0.start * 1e6, dur: $0.seconds * 1e6, args: ["peak bytes": $0.peakBytes])
    }
    try AtomicFile.write(JSONEncoder().encode(Trace(traceEvents: events)), to: path)
  }
}
