import Foundation
import Tensors
import Testing

@Suite struct FingerprintTests {
  private let made: Fingerprint = ["weights": "9f3a", "seed": "1", "run": "0012"]

  @Test func `Differences name every part that is not the same, in order`() {
    #expect(made.differences(from: made) == [])
    let other: Fingerprint = ["weights": "9f3a", "seed": "2", "steps": "4"]
    #expect(
      other.differences(from: made)
        == ["run: none instead of 0012", "seed: 2 instead of 1", "steps: 4 instead of none"])
    #expect(
      made.restricted(to: other).differences(from: other) == ["seed: 1 instead of 2", "steps: none instead of 4"])
  }

  @Test func `The digest depends on names and values, not on their order`() {
    #expect(made.digest == Fingerprint(["run": "0012", "seed": "1", "weights": "9f3a"]).digest)
    #expect(made.digest != made.prefixed("reward").digest)
    #expect(made.prefixed("reward")["reward.seed"] == "1")
    #expect(made.merging(["seed": "3"])["seed"] == "3")
  }

  @Test func `JSON keeps every part, and small whole numbers are numbers in it`() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let data = try encoder.encode(made)
    #expect(String(decoding: data, as: UTF8.self) == #"{"run":"0012","seed":1,"weights":"9f3a"}"#)
    #expect(try JSONDecoder().decode(Fingerprint.self, from: data) == made)
  }
}
