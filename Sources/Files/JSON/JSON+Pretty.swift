import Foundation

extension JSONEncoder {
  /// An encoder for files that people read; equal values give equal text. JSON has no non-finite numbers: they become
  /// strings.
  public static var pretty: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  /// The text of a value, as `pretty` writes it.
  public static func prettyText(_ value: some Encodable) throws -> String {
    String(decoding: try pretty.encode(value), as: UTF8.self)
  }
}

extension JSONDecoder {
  /// Reads what `JSONEncoder.pretty` writes.
  public static var pretty: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }
}
