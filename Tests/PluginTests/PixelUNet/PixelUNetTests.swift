import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Fewstep
@testable import PixelUNet

@Suite struct PixelUNetTests {
  private let architecture = Architecture(
    image: [1, 8, 8], classes: 3, patch: 2, channels: 8, multipliers: [1, 2], attentionLevels: [1], heads: 2, groups: 4)

  private func backbone(gradientCheckpointing: Bool = false) -> PixelUNet {
    PixelUNet(architecture, weights: .random(seed: 4), on: .cpu, gradientCheckpointing: gradientCheckpointing)
  }

  private func output(of student: any Student, for noisy: Tensor) throws -> Tensor {
    let condition = try backbone().condition([0, 1, 2, 0])
    return try student.modelOutput(for: noisy, at: Tensor([0.1, 0.4, 0.7, 1.0]), given: condition)
  }

  @Test func `Gradient checkpointing changes neither the output nor any gradient`() throws {
    let plain = try backbone().trainable(.student, adapters: false, seed: 0)
    let gradientCheckpointing = try backbone(gradientCheckpointing: true).trainable(.student, adapters: false, seed: 0)
    var inputs = [Tensor]()
    var outputs = [Tensor]()
    for student in [plain, gradientCheckpointing] {
      inputs.append(try normal("noisy", [4, 1, 8, 8]).requiringGrad())
      outputs.append(try output(of: student, for: inputs.last!))
      try sum(outputs.last!.squared()).backward()
    }
    try expectClose(outputs[0], outputs[1], 1e-6)
    try expectClose(#require(inputs[0].gradient), #require(inputs[1].gradient), 1e-6)
    for (a, b) in zip(plain.parameters.all, gradientCheckpointing.parameters.all) {
      try expectClose(#require(a.value.gradient), #require(b.value.gradient), 1e-5, a.name)
    }
  }

  @Test func `Gradient checkpointing leaves frozen parameters alone, also after they are trainable again`() throws {
    let denoiser = try backbone(gradientCheckpointing: true).trainable(.student, adapters: false, seed: 0)
    let fake = try #require(denoiser as? PixelDenoiser)
    let noisy = try normal("noisy", [4, 1, 8, 8]).requiringGrad()
    let features = try fake.parameters.frozen {
      try fake.features(of: noisy, at: Tensor([0.1, 0.4, 0.7, 1.0]), given: backbone().condition([0, 1, 2, 0]))
    }
    try sum(features).backward()
    #expect(noisy.gradient != nil)
    #expect(fake.parameters.all.allSatisfy { $0.value.gradient == nil })
  }

  @Test func `A weight file carries its architecture, in the order and under the names that it was made with`() throws {
    let path = NSTemporaryDirectory() + "fewstep-unet-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let made = backbone()
    let student = try made.trainable(.student, adapters: false, seed: 0)
    try Safetensors.write(
      student.parameters.state.map { ($0.name, try $0.tensor.detached()) }, metadata: made.metadata, to: path)
    let read = try PixelUNet(weights: path, on: .cpu)
    #expect(read.metadata == made.metadata)
    let noisy = try normal("noisy", [4, 1, 8, 8])
    try noGrad {
      try expectClose(
        output(of: student, for: noisy), output(of: read.trainable(.student, adapters: false, seed: 9), for: noisy),
        1e-6)
    }
  }

  @Test func `The unconditional pass uses an embedding of its own, and each class another`() throws {
    let teacher = try backbone().teacher()
    let noisy = try normal("noisy", [1, 1, 8, 8])
    let condition = try backbone().condition([1])
    let outputs = try [condition, backbone().unconditional(like: condition), backbone().condition([2])].map {
      try teacher.modelOutput(for: noisy, at: Tensor([0.5]), given: $0).doubles()
    }
    #expect(Set(outputs).count == 3)
  }

  @Test func `Settings that make no network are refused with the setting's name`() throws {
    for (text, words) in [
      ("image: [1, 27, 28]", "must divide by 4"), ("channels: 12", "must divide by groups (8)"),
      ("image: [28, 28]", "expected [channels, height, width]"), ("attention-levels: [7]", "there are 2 levels"),
      ("multipliers: []", "expected 1 to 16 numbers"), ("image: [1, 99999, 28]", "out of range (1 to 4096)"),
      ("channels: 99999999999", "out of range (8 to 4096)"),
    ] {
      let s = try settings(text)
      _ = Architecture(s)
      #expect { try s.finish() } throws: { "\($0)".contains(words) }
    }
  }
}
