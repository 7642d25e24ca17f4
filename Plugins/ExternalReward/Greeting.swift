import Files
import Tensors

/// A scorer's description of itself, in answer to `hello`.
struct Greeting: Equatable {
  static let protocolVersion = 1

  /// Kinds of samples: [C, H, W] and [C, F, H, W].
  enum Kind: String, CaseIterable {
    case images
    case videos
  }

  var name: String
  var version: String
  /// A hash of its weights; empty if it has none.
  var weights: String
  /// The names of its scores; at least one.
  var axes: [String]
  var takes: [Kind]
  var givesGradients: Bool

  /// "VideoReward 1.0, weights 3f2a…"
  var description: String { "\(name) \(version)" + (weights.isEmpty ? "" : ", weights \(weights)") }

  var fingerprint: Fingerprint {
    var fingerprint: Fingerprint = ["name": name, "version": version]
    if !weights.isEmpty { fingerprint["weights"] = weights }
    return fingerprint
  }

  /// - Throws: `Failure` naming the field that is missing or wrong.
  init(_ message: Message) throws {
    guard message.type == "hello" else {
      throw Failure.scorer("expected 'hello', got '\(message.type)'")
    }
    let header = message.header
    guard header["protocol"]?.integer == Self.protocolVersion else {
      throw Failure.scorer(
        "expected version \(Self.protocolVersion) of the protocol, got \(header["protocol"] ?? .null)")
    }
    func field<Value>(_ name: String, _ expected: String, _ value: (JSONValue) -> Value?) throws -> Value {
      guard let value = header[name].flatMap(value) else {
        throw Failure.scorer("hello: '\(name)': expected \(expected), got \(header[name] ?? .null)")
      }
      return value
    }
    name = try field("scorer", "its name") { $0.string.flatMap { $0.isEmpty ? nil : $0 } }
    version = try field("version", "its version, a string", \.string)
    weights = try field("weights", "a hash of its weights, a string", \.string)
    axes = try field("axes", "a list of different names") { list in
      guard let names = list.items?.map(\.string), !names.isEmpty, !names.contains(nil) else { return nil }
      return Set(names).count == names.count ? names.compactMap(\.self) : nil
    }
    takes = try field("takes", "a list of images, videos or both") { list in
      let kinds = list.items?.map { $0.string.flatMap(Kind.init) } ?? []
      return kinds.isEmpty || kinds.contains(nil) ? nil : kinds.compactMap(\.self)
    }
    givesGradients = try field("gradients", "true or false", \.flag)
  }
}
