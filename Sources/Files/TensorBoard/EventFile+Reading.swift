import Foundation
import Tensors

extension EventFile {
  /// A number at a step.
  public struct Point: Equatable, Sendable {
    /// The training step.
    public let step: Int
    /// The scalar.
    public let value: Double
  }

  /// All scalars in the event files of a folder, by tag, as TensorBoard shows them: if a run was resumed, what an
  /// earlier process logged from there on is dropped. The last record may be incomplete, as after a kill.
  ///
  /// - Returns: each tag's points in the order of their steps; nothing if there is no event file.
  /// - Throws: `Failure` of kind `.malformed` if a record is damaged, naming the file and the record's offset.
  public static func scalars(in folder: String) throws -> [String: [Point]] {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { $0.hasPrefix("events.out.tfevents.") }.sorted()
    var found = [String: [Point]]()
    for name in names {
      let path = "\(folder)/\(name)"
      guard let data = FileManager.default.contents(atPath: path) else {
        throw Failure(.io, at: path, "the file cannot be read")
      }
      try TFRecord.contents(of: data, path) { try take($0, into: &found) }
    }
    return found.mapValues { $0.sorted { $0.step < $1.step } }
  }

  /// Reads one `Event`: field 2 is its step, 5 a summary whose field 1 holds the values, 7 a session's log.
  private static func take(_ event: Data, into found: inout [String: [Point]]) throws {
    let fields = try ProtocolBuffer.fields(of: event)
    let step = fields.last { $0.number == 2 }.flatMap { Int(exactly: Int64(bitPattern: $0.varint ?? 0)) } ?? 0
    for field in fields {
      guard let content = field.bytes else { continue }
      if field.number == 7, try ProtocolBuffer.fields(of: content).contains(where: { $0.number == 1 && $0.varint == 1 })
      {
        for tag in found.keys { found[tag]?.removeAll { $0.step >= step } }
      }
      guard field.number == 5 else { continue }
      for value in try ProtocolBuffer.fields(of: content) where value.number == 1 {
        let parts = try ProtocolBuffer.fields(of: value.bytes ?? Data())
        guard let tag = parts.first(where: { $0.number == 1 })?.bytes,
          let number = parts.first(where: { $0.number == 2 })?.float
        else { continue }
        found[String(decoding: tag, as: UTF8.self), default: []].append(Point(step: step, value: Double(number)))
      }
    }
  }
}

extension TFRecord {
  /// Calls `body` with each record in a file's bytes, and stops at one that is cut short.
  ///
  /// - Throws: `Failure` of kind `.malformed` if a checksum is wrong, and the errors of `body`.
  static func contents(of file: Data, _ path: String, _ body: (Data) throws -> Void) throws {
    let bytes = [UInt8](file)
    var place = 0
    while place + 12 <= bytes.count {
      let head = Data(bytes[place..<place + 8])
      let length = bytes[place..<place + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      guard maskedChecksum(head) == Data(bytes[place + 8..<place + 12]) else { throw damaged(path, place) }
      guard length <= UInt64(bytes.count - place - 12), bytes.count - place - 16 >= Int(length) else { return }
      let end = place + 12 + Int(length)
      let content = Data(bytes[place + 12..<end])
      guard maskedChecksum(content) == Data(bytes[end..<end + 4]) else { throw damaged(path, place) }
      do { try body(content) } catch is ProtocolBuffer.Malformed { throw damaged(path, place) }
      place = end + 4
    }
  }

  private static func damaged(_ path: String, _ place: Int) -> Failure {
    Failure(.malformed, at: path, "the record at byte \(place) is damaged", advice: "Copy the file again.")
  }
}
