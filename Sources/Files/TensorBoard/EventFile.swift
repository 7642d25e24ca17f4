import Foundation
import Tensors

/// A TensorBoard event file, `events.out.tfevents.TIME.HOST.PID.N`, which is append-only.
///
/// Each call that adds values also passes them to the operating system, so TensorBoard sees them at once and a crash of
/// this process loses none. Do not use it from two threads at once.
public final class EventFile {
  /// The file.
  public let path: String
  private let file: OutputFile

  /// Starts a new file in a folder, which is made if necessary. A resumed run gets another file, and TensorBoard reads
  /// them all.
  ///
  /// - Parameters:
  ///   - resumingAt: the first step that this process repeats; TensorBoard then drops what an earlier, killed process
  ///     logged from there on. nil for a new run.
  ///   - time: the start time of the file; TensorBoard reads the files of a folder in this order.
  /// - Throws: `Failure` of kind `.io`.
  public init(folder: String, resumingAt step: Int? = nil, time: Date = Date()) throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw Failure(.io, at: folder, "cannot make the folder: \(error.localizedDescription)")
    }
    (path, file) = try Self.create(folder, time)
    var version = ProtocolBuffer()
    version.add(1, time.timeIntervalSince1970)
    version.add(3, "brain.Event:2")
    try append(version)
    guard let step else { return }
    var session = ProtocolBuffer()
    session.add(1, varint: 1)  // SessionLog.START
    var event = Self.event(step, time)
    event.add(7, session)
    try append(event)
  }

  /// Adds scalars of one step, by tag such as `loss/student`.
  public func add(scalars: [(tag: String, value: Double)], step: Int, time: Date = Date()) throws {
    if scalars.isEmpty { return }
    var summary = ProtocolBuffer()
    for (tag, value) in scalars {
      var entry = ProtocolBuffer()
      entry.add(1, tag)
      entry.add(2, Float(value))
      summary.add(1, entry)
    }
    try add(summary, step, time)
  }

  /// Adds an image of one step, encoded as a PNG with this number of channels.
  package func add(
    png: Data, width: Int, height: Int, channels: Int, tag: String, step: Int, time: Date = Date()
  ) throws {
    var content = ProtocolBuffer()
    content.add(1, varint: UInt64(height))
    content.add(2, varint: UInt64(width))
    content.add(3, varint: UInt64(channels))
    content.add(4, png)
    var entry = ProtocolBuffer()
    entry.add(1, tag)
    entry.add(4, content)
    var summary = ProtocolBuffer()
    summary.add(1, entry)
    try add(summary, step, time)
  }

  /// Closes the file. The last reference closes it as well, but errors then go unreported.
  public func close() throws {
    try file.synchronize()
    try file.close()
  }

  private func add(_ summary: ProtocolBuffer, _ step: Int, _ time: Date) throws {
    var event = Self.event(step, time)
    event.add(5, summary)
    try append(event)
  }

  private static func event(_ step: Int, _ time: Date) -> ProtocolBuffer {
    var event = ProtocolBuffer()
    event.add(1, time.timeIntervalSince1970)
    event.add(2, varint: UInt64(bitPattern: Int64(step)))
    return event
  }

  private func append(_ event: ProtocolBuffer) throws {
    try file.append(TFRecord.framed(event.bytes))
  }

  /// Makes a file with a unique name: two processes, or two runs within a second, must not share a file.
  private static func create(_ folder: String, _ time: Date) throws -> (String, OutputFile) {
    let start = "\(folder)/events.out.tfevents.\(String(format: "%010d", Int(time.timeIntervalSince1970)))"
    let host = ProcessInfo.processInfo.hostName.replacingOccurrences(of: "/", with: "-")
    var number = 0
    while true {
      let path = "\(start).\(host).\(getpid()).\(number)"
      if access(path, F_OK) != 0 { return (path, try OutputFile(creating: path)) }
      number += 1
    }
  }
}
