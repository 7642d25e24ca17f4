import Foundation
import Tensors
import Testing

@Suite("Operators give PyTorch's values")
struct OperatorTests {
  static let recorded: [String: RecordedCase] = (try? fixture("operators.json")) ?? [:]

  /// Operators that the oldest supported libtorch lacks; each has a composed form.
  static let absentBefore2 = [
    "aten::rms_norm", "aten::scaled_dot_product_attention", "aten::_foreach_lerp_.Scalar", "aten::_fused_adamw_",
  ]

  @Test(arguments: OperatorTable.cases.map(\.name))
  func `An operator's value is the recorded one`(_ name: String) throws {
    let row = try #require(OperatorTable.cases.first { $0.name == name })
    let recorded = try #require(Self.recorded[name], "make_operators.py has no case of this name")
    let outputs = try row.run(recorded.inputs.map { try $0.tensor() })
    try #require(outputs.count == recorded.outputs.count)
    for (output, expected) in zip(outputs, recorded.outputs) {
      #expect(output.shape == expected.shape)
      #expect(output.dtype.name == expected.dtype)
      let values = try output.doubles()
      #expect(zip(values, expected.values).allSatisfy { agree($0, $1) }, "\(values), expected \(expected.values)")
    }
  }

  @Test func `The table and the recording have the same cases, each once`() {
    let names = OperatorTable.cases.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(Set(names) == Set(Self.recorded.keys))
  }

  @Test func `Every operator in the sources exists in this libtorch, or is known to be absent before 2.0`() throws {
    let isOld = Runtime.version.hasPrefix("1.")
    for (name, overload) in try declared() where !Operator(name, overload).exists {
      #expect(isOld && Self.absentBefore2.contains(Self.joined(name, overload)), "\(name).\(overload)")
    }
  }

  @Test func `Every operator in the sources has a recorded value, and nothing else is listed`() throws {
    let inSources = Set(try declared().map { Self.joined($0.name, $0.overload) })
    let inTable = Set(OperatorTable.cases.flatMap(\.operators))
    #expect(inSources.count > 100)
    #expect(inSources.subtracting(inTable).isEmpty)
    #expect(inTable.subtracting(inSources).isEmpty)
  }

  private static func joined(_ name: String, _ overload: String) -> String {
    overload.isEmpty ? name : "\(name).\(overload)"
  }

  /// Every `Operator("aten::x", "y")` in the module's sources.
  private func declared() throws -> [(name: String, overload: String)] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folder = root.appending(path: "Sources/Tensors")
    let declaration = /Operator\(\s*"(aten::\w+)"(?:,\s*"(\w+)")?\s*\)/
    return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "swift" }
      .flatMap { file in
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
          .filter { !$0.trimmingPrefix(while: \.isWhitespace).hasPrefix("//") }
          .flatMap { $0.matches(of: declaration).map { (String($0.1), $0.2.map(String.init) ?? "") } }
      }
  }
}
