import Encoders
import Fewstep
import Files
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import SDXL

/// The folder from make_pipeline.py, and diffusers' results with it.
struct PipelineFixture {
  static let path = "\(UNetFixture.folder)/pipeline"
  let expected = try! SafetensorsFile("\(path)/expected.safetensors")
  let prompts = ["a cat!", "the end of the road"]

  func model() throws -> SDXL { try SDXL(ModelSource(PipelineFolder(Self.path))) }

  /// The pipeline's prompts, prepared in a folder.
  func prepared(_ folder: String) throws -> String {
    _ = try LatentCache(model(), into: folder, shardRows: 1, batch: 4, dtype: .float32).prompts(prompts)
    return folder
  }

  func backbone(
    _ model: String = path, prompts: String?, precision: DType = .float32, gradientCheckpointing: Bool = false
  ) throws -> PretrainedBackbone {
    try PretrainedBackbone(
      SDXL.self,
      PretrainedBackbone.Settings(
        model: model, prompts: prompts, size: MediaSize(height: 16, width: 16), precision: precision,
        gradientCheckpointing: gradientCheckpointing), on: .cpu)
  }
}

@Suite struct PipelineTests {
  let fixture = PipelineFixture()

  @Test func `The teacher's samples are those of diffusers' pipeline with its Euler scheduler and guidance`() throws {
    let backbone = try fixture.backbone(prompts: nil)
    let teacher = try backbone.teacher()
    let condition = try backbone.condition(prompts: fixture.prompts)
    let noise = try fixture.expected.tensor("noise")
    let samples = try noGrad {
      try DDIM().sample(noise, times: teacher.schedule.samplingTimes(5), schedule: teacher.schedule) { x, time in
        try teacher.guided(
          from: x, at: .full([2], time, .float64), given: condition,
          unconditional: backbone.unconditional, guidance: Guidance(5))
      }
    }
    let error = try error(of: samples, fixture.expected.tensor("euler"))
    #expect(error < 1e-4, "\(error)")
    let pixels = try noGrad { try backbone.model.codec.decode(fixture.expected.tensor("euler"), tile: nil) }
    let pixelError = try PluginTests.error(of: pixels, fixture.expected.tensor("pixels"))
    #expect(pixelError < 1e-4, "\(pixelError)")
  }

  @Test func `Few-step generation is diffusers' LCM scheduler at DMD2's times`() throws {
    let scratch = try Scratch()
    let backbone = try fixture.backbone(prompts: fixture.prepared(scratch.path("prompts")))
    let noises = try fixture.expected.tensor("lcm noises")
    let samples = try noGrad {
      try FewStepSampler(steps: [1, 0.75, 0.5, 0.25]).sample(
        backbone.trainable(.student, adapters: false, seed: 0), upTo: 3, given: backbone.condition([0, 1])
      ) { index in index == 0 ? try fixture.expected.tensor("noise") : try noises.rows(index..<index + 1).squeezed(0) }
    }
    let error = try error(of: samples, fixture.expected.tensor("lcm"))
    #expect(error < 1e-4, "\(error)")
  }

  @Test func `The schedule is diffusers' DDPM and Euler schedule`() throws {
    let schedule = try fixture.model().schedule
    let times = try fixture.expected.tensor("times").doubles()
    for (time, signal) in zip(times, try fixture.expected.tensor("signal").doubles()) {
      let alpha = schedule.alpha((time + 1) / 1000)
      #expect(abs(alpha * alpha - signal) < 1e-6)
    }
    let noise = try fixture.expected.tensor("noise")
    let noised = try schedule.addNoise(
      noise.rows(0..<1).expanded([7, -1, -1, -1]), noise.rows(1..<2).expanded([7, -1, -1, -1]),
      at: (Tensor(times) + 1) * 0.001)
    #expect(try error(of: noised, fixture.expected.tensor("noised")) < 1e-5)
    for count in [4, 30, 50] {
      let ours = schedule.samplingTimes(count)
      #expect(try ours.map(schedule.timestep) == fixture.expected.tensor("euler times \(count)").doubles())
      for (time, sigma) in zip(ours, try fixture.expected.tensor("euler sigmas \(count)").doubles()) {
        #expect(abs(schedule.sigma(time) / schedule.alpha(time) - sigma) < 1e-4)
      }
    }
  }

  @Test func `Prepared prompts and texts encoded as they come give the same condition`() throws {
    let scratch = try Scratch()
    let folder = try fixture.prepared(scratch.path("prompts"))
    let backbone = try fixture.backbone(prompts: folder)
    #expect(backbone.prompts == fixture.prompts)
    #expect(backbone.sampleShape == [4, 8, 8])
    #expect(backbone.featureShape == [8, 4, 4])
    let prepared = try backbone.condition([1, 0, 1])
    let fresh = try fixture.backbone(prompts: nil).condition(prompts: [1, 0, 1].map { fixture.prompts[$0] })
    for name in ["text", "pooled", "time-ids"] {
      #expect(try error(of: prepared.tensor(name), fresh.tensor(name)) < 1e-6, "\(name)")
    }
    #expect(try prepared.tensor("time-ids").doubles().prefix(6) == [16, 16, 0, 0, 16, 16])
    let none = try backbone.unconditional(like: prepared)
    #expect(try none.tensor("text").doubles().allSatisfy { $0 == 0 })
    #expect(try none.tensor("text").shape == prepared.tensor("text").shape)
  }

  @Test func `Prompts that other encoders embedded are refused by the encoder's name`() throws {
    let scratch = try Scratch()
    let folder = try fixture.prepared(scratch.path("prompts"))
    let model = scratch.path("model")
    try FileManager.default.copyItem(atPath: PipelineFixture.path, toPath: model)
    let weights = "\(model)/text_encoder_2/model.safetensors"
    let file = try SafetensorsFile(weights)
    try Safetensors.write(
      try file.names.map { ($0, try $0.hasSuffix("q_proj.bias") ? file.tensor($0) + 1 : file.tensor($0).cloned()) },
      metadata: [:], to: weights)
    let words = words {
      _ = try fixture.backbone(model, prompts: folder)
    }
    #expect(words.contains("manifest.json: ") && words.contains("text_encoder_2: "), "\(words)")
    #expect(words.contains("fewstep prepare"), "\(words)")
  }

  @Test func `All that changes what is prepared changes its fingerprint, by the component's name`() throws {
    let scratch = try Scratch()
    let model = scratch.path("model")
    try FileManager.default.copyItem(atPath: PipelineFixture.path, toPath: model)
    func fingerprint() throws -> [String: String] {
      let opened = try SDXL(ModelSource(PipelineFolder(model)))
      return try opened.conditioner.fingerprint().merging(opened.codec.fingerprint()).parts
    }
    let before = try fingerprint()
    #expect(before.count == 7)
    for (file, key, value, component) in [
      ("model_index.json", "force_zeros_for_empty_prompt", false, "force_zeros_for_empty_prompt"),
      ("tokenizer_2/tokenizer_config.json", "model_max_length", 70, "tokenizer_2"),
      ("text_encoder/config.json", "hidden_act", "gelu", "text_encoder"),
      ("vae/config.json", "latents_mean", [1, 2, 3, 4], "vae"),
      ("vae/config.json", "scaling_factor", 2, "scaling_factor"),
    ] as [(String, String, JSONValue, String)] {
      let path = "\(model)/\(file)"
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      let values = try ModelConfig(path).values.merging([key: value]) { $1 }
      try Data(JSONValue.object(values).description.utf8).write(to: URL(fileURLWithPath: path))
      let after = try fingerprint()
      let changed = Set(before.keys.filter { before[$0] != after[$0] })
      #expect(changed == (component == "scaling_factor" ? [component, "vae"] : [component]))
      try whole.write(to: URL(fileURLWithPath: path))
    }
    // The same settings in another format count as the same.
    let path = "\(model)/tokenizer/tokenizer_config.json"
    let values = try ModelConfig(path).values.merging(["name_or_path": "elsewhere"]) { $1 }
    try Data(JSONValue.object(values).description.utf8).write(to: URL(fileURLWithPath: path))
    #expect(try fingerprint() == before)
  }

  @Test func `Adapted roles share the teacher's memory; half precision and recomputing train what they should`() throws
  {
    let scratch = try Scratch()
    let backbone = try fixture.backbone(
      prompts: fixture.prepared(scratch.path("prompts")), precision: .bfloat16, gradientCheckpointing: true)
    let student = try backbone.trainable(.student, adapters: true, seed: 0)
    #expect(student.parameters.state.isEmpty)
    #expect(student.parameters.all.allSatisfy { $0.value.dtype == .bfloat16 })
    let full = try backbone.trainable(.student, adapters: false, seed: 0)
    #expect(full.parameters.all.allSatisfy { $0.value.dtype == .float32 })
    try full.parameters.setTrainable(true)
    let noise = try fixture.expected.tensor("noise")
    let clean = try full.denoise(from: noise, at: .full([2], 1, .float64), given: backbone.condition([0, 1]))
    #expect(clean.dtype == .float32)
    try mean(clean.squared()).backward()
    for parameter in full.parameters.all {
      let gradient = try #require(parameter.value.gradient, "\(parameter.name)")
      #expect(gradient.dtype == .float32)
      #expect(try gradient.norm().item().isFinite)
    }
    let features = try noGrad {
      try full.features(of: noise, at: .full([2], 0.5, .float64), given: backbone.condition([0, 1]))
    }
    #expect(features.shape == [2, 8, 4, 4])
  }

  @Test(arguments: [true, false])
  func `The fake teacher is told the student's step, on the teacher's memory as well as on its own`(_ adapters: Bool)
    throws
  {
    let scratch = try Scratch()
    let backbone = try fixture.backbone(prompts: fixture.prepared(scratch.path("prompts")), precision: .bfloat16)
    let plain = try backbone.trainable(.fakeTeacher, adapters: adapters, seed: 0)
    let told = try backbone.trainable(.fakeTeacher, adapters: adapters, studentSteps: 4, seed: 0)
    let embedding = try #require(told.parameters["student_step_embedding.weight"])
    #expect(embedding.value.dtype == .float32 && embedding.value.shape[0] == 4)
    if adapters { try LoRA.attach(to: told.parameters, patterns: ["to_q"], rank: 2, alpha: 2, seed: 0) }
    #expect(embedding.isTrainable)
    let (noise, condition) = (try fixture.expected.tensor("noise"), try backbone.condition([0, 1]))
    func made(_ step: Int) throws -> [Double] {
      try noGrad {
        try told.denoise(
          from: noise, at: .full([2], 0.5, .float64), given: condition.told(step: step, on: .cpu)
        ).doubles()
      }
    }
    let untold = try noGrad {
      try plain.denoise(from: noise, at: .full([2], 0.5, .float64), given: condition).doubles()
    }
    #expect(try made(3) == untold)
    try noGrad { try embedding.value.copy(from: normal("embedding", embedding.value.shape)) }
    #expect(try made(3) != untold)
    #expect(try made(3) != made(0))
  }

  @Test
  func `A role opens its own network alone: the teacher is opened when it is asked for, or its memory is shared`()
    throws
  {
    let scratch = try Scratch()
    let model = scratch.path("model")
    try FileManager.default.copyItem(atPath: PipelineFixture.path, toPath: model)
    let prompts = try fixture.prepared(scratch.path("prompts"))
    let backbone = try fixture.backbone(model, prompts: prompts)
    _ = try backbone.trainable(.student, adapters: false, seed: 0)
    let weights = "\(model)/unet/diffusion_pytorch_model.safetensors"
    try FileManager.default.removeItem(atPath: weights)
    let words = words { _ = try backbone.teacher() }
    #expect(words.contains("\(model)/unet: there are no weights"), "\(words)")
    try FileManager.default.copyItem(
      atPath: "\(PipelineFixture.path)/unet/diffusion_pytorch_model.safetensors", toPath: weights)
    _ = try backbone.trainable(.student, adapters: true, seed: 0)
    try FileManager.default.removeItem(atPath: weights)
    _ = try backbone.teacher()
  }

  @Test func `A folder of another pipeline, or with another component, is refused by name`() throws {
    let scratch = try Scratch()
    let model = scratch.path("model")
    try FileManager.default.copyItem(atPath: PipelineFixture.path, toPath: model)
    func refused(_ from: String, _ to: String, in file: String) throws -> String {
      let path = "\(model)/\(file)"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try text.replacing(from, with: to).write(toFile: path, atomically: true, encoding: .utf8)
      defer { try? text.write(toFile: path, atomically: true, encoding: .utf8) }
      return words { _ = try SDXL(ModelSource(PipelineFolder(model))) }
    }
    let other = try refused("StableDiffusionXLPipeline", "FluxPipeline", in: "model_index.json")
    #expect(other.contains("model_index.json: _class_name") && other.contains("got FluxPipeline"), "\(other)")
    let component = try refused("UNet2DConditionModel", "FluxTransformer", in: "model_index.json")
    #expect(component.contains("model_index.json: unet"), "\(component)")
    let schedule = try refused("scaled_linear", "squaredcos", in: "scheduler/scheduler_config.json")
    #expect(schedule.contains("scheduler_config.json: beta_schedule"), "\(schedule)")
    let unknown = try refused("\"beta_end\"", "\"beta_final\"", in: "scheduler/scheduler_config.json")
    #expect(unknown.contains("scheduler_config.json: beta_final"), "\(unknown)")
  }
}
