import CYAML
import Foundation
import Tensors

/// The stream of libyaml's events for some bytes, which must outlive it.
final class YAMLEvents {
  enum Event {
    case scalar(text: String, style: YAMLNode.Style, anchor: String?, tag: String?)
    case alias(String)
    case sequenceStart(anchor: String?, tag: String?)
    case sequenceEnd
    case mappingStart(anchor: String?, tag: String?)
    case mappingEnd
    case documentStart
    case documentEnd
    case streamEnd
  }

  private let file: String
  private let bytes: UnsafeRawBufferPointer
  private let parser: UnsafeMutablePointer<yaml_parser_t>

  init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
    self.file = file
    self.bytes = bytes
    parser = .allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      throw Failure(.io, at: file, "not enough memory to read YAML")
    }
    // An empty buffer has no address, but libyaml requires one.
    let start = bytes.baseAddress ?? UnsafeRawPointer(parser)
    yaml_parser_set_input_string(parser, start.assumingMemoryBound(to: UInt8.self), bytes.count)
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  /// - Throws: `Failure` of kind `.malformed` at the position of a syntax error.
  func next() throws -> (event: Event, position: YAMLNode.Position) {
    while true {
      var raw = yaml_event_t()
      guard yaml_parser_parse(parser, &raw) == 1 else { throw syntaxError() }
      defer { yaml_event_delete(&raw) }
      let position = position(raw.start_mark)
      if let event = event(from: raw) { return (event, position) }
    }
  }

  private func event(from raw: yaml_event_t) -> Event? {
    switch raw.type {
    case YAML_SCALAR_EVENT:
      let scalar = raw.data.scalar
      let buffer = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      return .scalar(
        text: String(decoding: buffer, as: UTF8.self),
        style: scalar.style == YAML_PLAIN_SCALAR_STYLE ? .plain : .quoted,
        anchor: text(scalar.anchor), tag: text(scalar.tag))
    case YAML_ALIAS_EVENT: return .alias(text(raw.data.alias.anchor) ?? "")
    case YAML_SEQUENCE_START_EVENT:
      return .sequenceStart(anchor: text(raw.data.sequence_start.anchor), tag: text(raw.data.sequence_start.tag))
    case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      return .mappingStart(anchor: text(raw.data.mapping_start.anchor), tag: text(raw.data.mapping_start.tag))
    case YAML_MAPPING_END_EVENT: return .mappingEnd
    case YAML_DOCUMENT_START_EVENT: return .documentStart
    case YAML_DOCUMENT_END_EVENT: return .documentEnd
    case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return .streamEnd
    default: return nil
    }
  }

  private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(cString: $0) }
  }

  private func position(_ mark: yaml_mark_t) -> YAMLNode.Position {
    YAMLNode.Position(file: file, line: mark.line + 1, column: mark.column + 1)
  }

  private func syntaxError() -> Failure {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "not YAML"
    if parser.pointee.error == YAML_READER_ERROR {
      return Failure(
        .malformed, at: position(ofByte: parser.pointee.problem_offset).description, problem,
        advice: "Save the file as UTF-8 text.")
    }
    var message = problem
    if let context = parser.pointee.context.map({ String(cString: $0) }) {
      let line = parser.pointee.context_mark.line + 1
      message += " \(context)" + (context.hasPrefix("while") ? " that starts in line \(line)" : "")
    }
    let mark = parser.pointee.problem_mark
    let isTab = mark.index < bytes.count && bytes[mark.index] == UInt8(ascii: "\t")
    return Failure(
      .malformed, at: position(mark).description, message, advice: isTab ? "Indent with spaces, not tabs." : nil)
  }

  /// Reader errors have only an offset.
  private func position(ofByte offset: Int) -> YAMLNode.Position {
    let before = bytes.prefix(offset)
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    return YAMLNode.Position(file: file, line: line, column: before.count - lineStart + 1)
  }
}
