import Foundation
import Tensors
import TestSupport
import Testing

/// `train-teacher` and `train-classifier` on images of 8 by 8 pixels that the test draws.
@Suite struct TrainingTests {
  private let teacher = """
    name: little-teacher
    threads: 1
    backbone: {kind: pixel-unet, image: [1, 8, 8], classes: 2, channels: 8, multipliers: [1], heads: 2}
    data: {kind: idx, images: images, labels: labels}
    training: {steps: 3, batch: 4}
    output: made/teacher.safetensors
    """

  private let classifier = """
    name: little-classifier
    threads: 1
    classifier: {kind: classifier, channels: [8, 8], features: 8, classes: 2}
    data: {kind: idx, images: images, labels: labels, subset: even}
    test: {kind: idx, images: images, labels: labels, subset: odd}
    training: {steps: 40, batch: 8, learning-rate: 1e-2}
    output: made/classifier.safetensors
    """

  private let autoencoder = """
    name: little-autoencoder
    threads: 1
    autoencoder: {kind: sdxl, model: model}
    data: {kind: idx, images: images, labels: labels}
    test: {kind: idx, images: images, labels: labels}
    training: {steps: 3, batch: 4}
    output: made/vae/diffusion_pytorch_model.safetensors
    """

  /// Dark images of class 0 and bright ones of class 1.
  private func scratch() throws -> Scratch {
    let scratch = try Scratch()
    let count: UInt8 = 32
    let classes = (0..<count).map { $0 / 2 % 2 }
    let pixels = classes.enumerated().flatMap { index, label in
      (0..<64).map { UInt8(200 * Int(label) + (index * 7 + $0 * 3) % 50) }
    }
    try Data([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 8, 0, 0, 0, 8] + pixels).write(
      to: URL(fileURLWithPath: scratch.path("images")))
    try Data([0, 0, 8, 1, 0, 0, 0, count] + classes).write(to: URL(fileURLWithPath: scratch.path("labels")))
    try scratch.write(teacher, to: "teacher.yaml")
    try scratch.write(classifier, to: "classifier.yaml")
    return scratch
  }

  @Test func `A teacher and a classifier are trained into files that recipes can name`() throws {
    let scratch = try scratch()
    try Fewstep.run("train-teacher", "teacher.yaml", in: scratch)
    let words = try Fewstep.run("train-classifier", "classifier.yaml", in: scratch).output
    #expect(words.contains("accuracy on 16 samples that were not trained on: 1\n"), "\(words)")
    try scratch.write(
      """
      name: little
      threads: 1
      backbone: {kind: pixel-unet, teacher: made/teacher.safetensors}
      reward: {kind: classifier, weights: made/classifier.safetensors}
      objective: {kind: amd, group-size: 4}
      student: {steps: [1]}
      training: {steps: 1, batch: 8}
      """, to: "r.yaml")
    #expect(try Fewstep.run("check", "r.yaml", in: scratch).output.contains("The recipe is valid."))
  }

  @Test func `An autoencoder is trained into its folder, with the factor that its latents are multiplied by`() throws {
    let scratch = try scratch()
    try scratch.write(autoencoder, to: "autoencoder.yaml")
    try FileManager.default.createDirectory(atPath: scratch.path("model/vae"), withIntermediateDirectories: true)
    try scratch.write(
      """
      {"_class_name": "StableDiffusionXLPipeline", "vae": ["diffusers", "AutoencoderKL"]}
      """, to: "model/model_index.json")
    try scratch.write(
      """
      {"_class_name": "AutoencoderKL", "in_channels": 1, "out_channels": 1, "block_out_channels": [8, 8],
       "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
       "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"], "norm_num_groups": 2, "latent_channels": 2}
      """, to: "model/vae/config.json")
    let job = try Fewstep.run("train-autoencoder", "autoencoder.yaml", "--json", in: scratch)
    let report = try #require(try JSONSerialization.jsonObject(with: Data(job.output.utf8)) as? [String: Double])
    let written = try Data(contentsOf: URL(fileURLWithPath: scratch.path("made/vae/config.json")))
    let config = try #require(try JSONSerialization.jsonObject(with: written) as? [String: Any])
    let scale = try #require(config["scaling_factor"] as? Double)
    #expect(scale > 0 && abs(scale - (report["scale"] ?? 0)) < 1e-9 * scale)
    #expect(config["block_out_channels"] as? [Int] == [8, 8])
    let listed = try Fewstep.run("inspect", "made/vae/diffusion_pytorch_model.safetensors", in: scratch).output
    #expect(listed.contains("decoder.up_blocks.1.resnets.0.conv1.weight"), "\(listed)")
  }

  @Test func `An output that cannot be written is refused before the first step`() throws {
    let scratch = try scratch()
    for (command, file) in [("train-teacher", "teacher.yaml"), ("train-classifier", "classifier.yaml")] {
      for output in ["/proc/x/t.safetensors", scratch.folder, "images/t.safetensors"] {
        let job = try Fewstep.start([command, file, "--set", "output=\(output)"], in: scratch)
        #expect([66, 74].contains(job.wait()), "\(job.errors)")
        #expect(job.errors.hasPrefix("error: /") && !job.errors.contains("NS"), "\(job.errors)")
        #expect(!job.errors.contains("gradient norm"))
      }
    }
    #expect(
      try scratch.files().filter { !$0.hasPrefix(".") } == ["classifier.yaml", "images", "labels", "teacher.yaml"])
  }
}
