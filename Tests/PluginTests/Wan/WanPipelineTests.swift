import Encoders
import Fewstep
import Files
import Foundation
import Networks
import Shipped
import Tensors
import TestSupport
import Testing

@testable import Wan

/// The folders from make_pipeline.py with their tokenizer, and diffusers' results with them.
struct WanPipeline {
  static let expected = try! SafetensorsFile("\(WanFixture.folder)/pipeline/expected.safetensors")

  struct Prompts: Decodable {
    let prompts: [String]
    let negative: String
  }
  static let prompts = try! JSONDecoder().decode(
    Prompts.self, from: Data(contentsOf: URL(fileURLWithPath: "\(WanFixture.folder)/pipeline/prompts.json")))

  let scratch: Scratch
  /// In diffusers' layout.
  let diffusers: String
  /// In the authors' layout.
  let original: String

  init() throws {
    scratch = try Scratch()
    (diffusers, original) = (scratch.path("diffusers"), scratch.path("original"))
    let files = FileManager.default
    try files.copyItem(atPath: "\(WanFixture.folder)/pipeline", toPath: diffusers)
    try files.copyItem(atPath: "\(WanFixture.folder)/original", toPath: original)
    for folder in ["\(diffusers)/tokenizer", "\(original)/google/umt5-xxl"] {
      try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try AtomicFile.write(
        unzipped("\(WanFixture.folder)/tokenizer/tokenizer.json.gz"), to: "\(folder)/tokenizer.json")
    }
    // The published models' width of 4096 is not in their config.
    let config = try ModelConfig("\(original)/config.json")
    try AtomicFile.write(
      Data(JSONValue.object(config.values.merging(["text_dim": 8]) { $1 }).description.utf8),
      to: "\(original)/config.json")
  }

  func model(_ folder: String, _ settings: Wan.Settings = Wan.Settings()) throws -> Wan {
    try Wan(ModelSource(PipelineFolder(folder)), settings)
  }

  static let size = MediaSize(height: 32, width: 48, frames: 5)

  func backbone(
    _ folder: String, prompts: String? = nil, settings: Wan.Settings = Wan.Settings(),
    gradientCheckpointing: Bool = false
  ) throws -> PretrainedBackbone {
    try PretrainedBackbone(
      PretrainedBackbone.Settings(
        model: folder, prompts: prompts, size: Self.size, gradientCheckpointing: gradientCheckpointing), on: .cpu
    ) { try Wan($0, settings) }
  }
}

@Suite("Wan's pipeline")
struct WanPipelineTests {
  private static let tolerance = 1e-4
  private let settings = Wan.Settings(shift: 3, negativePrompt: WanPipeline.prompts.negative)

  @Test(arguments: [false, true])
  func `Prompts are embedded as in diffusers' pipeline, from both layouts`(isOriginal: Bool) throws {
    let pipeline = try WanPipeline()
    let folder = isOriginal ? pipeline.original : pipeline.diffusers
    let conditioner = try pipeline.model(folder, settings).conditioner
    let (tensors, cutOff) = try conditioner.embed(WanPipeline.prompts.prompts)
    let text = try #require(tensors["text"])
    #expect(text.shape == [2, 512, 8] && cutOff == [0, 0])
    #expect(try error(of: text.sliced(1, to: 24), WanPipeline.expected.tensor("text")) < Self.tolerance)
    #expect(try text.sliced(1, from: 24).doubles().allSatisfy { $0 == 0 })
    let nothing = try #require(try conditioner.nothing()["text"])
    #expect(try error(of: nothing.sliced(1, to: 24), WanPipeline.expected.tensor("negative")) < Self.tolerance)
  }

  @Test func `Settings have defaults, and are given to commands by name`() throws {
    let pipeline = try WanPipeline()
    let source = ModelSource(try PipelineFolder(pipeline.diffusers))
    let plain = try #require(Catalog.shipped().model(source) as? Wan)
    #expect((plain.schedule as? RectifiedFlow)?.shift == 3 && plain.conditionSizes == ["n": 512])
    #expect(plain.featureShape(ofLatents: [16, 2, 4, 6]) == [12, 2, 2, 3])
    let set = try #require(
      Catalog.shipped().model(source, set: ["shift=8", "max-sequence-length=9", "negative-prompt=bad #1: blurry"])
        as? Wan)
    #expect((set.schedule as? RectifiedFlow)?.shift == 8 && set.conditionSizes == ["n": 9])
    #expect(try set.conditioner.fingerprint().parts["negative prompt"] == "'bad #1: blurry'")
    for (settings, words) in [
      (["shft=8"], "shift"), (["feature-blocks=[7]"], "blocks from 0 to 0"), (["feature-blocks=[]"], ""),
    ] {
      let error = #expect(throws: (any Error).self) { try Catalog.shipped().model(source, set: settings) }
      #expect(words.isEmpty || "\(String(describing: error))".contains(words), "\(String(describing: error))")
    }
  }

  @Test func `A prompt's end that is not read is told, and has no row`() throws {
    let pipeline = try WanPipeline()
    let backbone = try pipeline.backbone(pipeline.diffusers, settings: Wan.Settings(maximumLength: 4))
    let condition = try backbone.condition(prompts: ["a cat and a dog bake a cake", "a"])
    #expect(try condition.tensor("text").shape == [2, 4, 8])
    #expect(backbone.cutOff.keys.sorted() == ["a cat and a dog bake a cake"])
  }

  @Test func `The teacher's sample is that of diffusers' pipeline, with UniPC and guidance`() throws {
    let pipeline = try WanPipeline()
    let backbone = try pipeline.backbone(pipeline.diffusers, settings: settings)
    #expect(backbone.sampler == .unipc && backbone.sampleShape == [16, 2, 4, 6])
    let teacher = try backbone.teacher(for: backbone.sampler)
    let condition = try backbone.condition(prompts: [WanPipeline.prompts.prompts[0]])
    let samples = try noGrad {
      try backbone.sampler.sampler.sample(
        WanPipeline.expected.tensor("noise"), times: teacher.schedule.samplingTimes(4), schedule: teacher.schedule
      ) { x, time in
        try teacher.guided(
          from: x, at: .full([1], time, .float64), given: condition, unconditional: backbone.unconditional,
          guidance: Guidance(5, passes: .two))
      }
    }
    let error = try error(of: samples, WanPipeline.expected.tensor("latents"))
    #expect(error < Self.tolerance, "\(error)")
    let pixels = try noGrad { try backbone.model.codec.decode(WanPipeline.expected.tensor("latents"), tile: nil) }
    #expect(pixels.shape == [1, 3, 5, 32, 48])
    let pixelError = try PluginTests.error(of: pixels.sliced(2, from: 4), WanPipeline.expected.tensor("pixels"))
    #expect(pixelError < Self.tolerance, "\(pixelError)")
  }

  @Test func `The authors' files are the same model`() throws {
    let pipeline = try WanPipeline()
    let models = try [pipeline.diffusers, pipeline.original].map { try pipeline.model($0) }
    let (ours, theirs) = (models[0], models[1])
    #expect(ours.transformer == theirs.transformer)
    #expect(try ours.conditioner.fingerprint().parts == theirs.conditioner.fingerprint().parts)
    let noise = try WanPipeline.expected.tensor("noise")
    let outputs = try models.map { model in
      let condition = Condition(promptIDs: [0], tensors: try model.conditioner.embed(["a cat"]).tensors)
      return try noGrad {
        try model.openDenoiser(.float32).network.output(
          noise, Tensor([437.5 as Float]), given: condition, gradientCheckpointing: false)
      }
    }
    #expect(try error(of: outputs[0], outputs[1]) == 0)
    let decoded = try models.map { model in try noGrad { try model.codec.decode(noise, tile: nil) } }
    #expect(try error(of: decoded[0], decoded[1]) == 0)
    #expect(try ours.codec.fingerprint().parts == theirs.codec.fingerprint().parts)
  }

  @Test func `Names go from the authors' to diffusers' and back, and a stray one is told by name`() throws {
    let store = ParameterStore(.shapes)
    _ = try WanTransformer(
      store.root, WanTransformerConfiguration(ModelConfig("\(WanFixture.folder)/transformer-tiny/config.json")))
    let made = Set(store.all.map { "\(WanNames.original(transformer: $0.name))\t\($0.value.shape)" })
    #expect(made == Set(try WanFixture.lines("original-names.gz")))
    for parameter in store.all {
      #expect(WanNames.diffusers(transformer: WanNames.original(transformer: parameter.name)) == parameter.name)
    }
    for name in ["encoder.middle.0", "decoder.upsamples.3", "encoder.head", "conv1", "encoder.conv1", "decoder"] {
      #expect(!WanNames.diffusers(autoencoder: name).isEmpty)
    }
  }

  @Test(arguments: [SamplerKind.unipc, .dpm, .ddim])
  func `A sampler has its own noise levels, whatever the folder's scheduler is`(_ sampler: SamplerKind) throws {
    let pipeline = try WanPipeline()
    func grid(_ folder: String) throws -> FlowGrid? {
      (try pipeline.model(folder).samplingSchedule(for: sampler) as? RectifiedFlow)?.grid
    }
    let expected: [SamplerKind: (FlowGrid, FlowGrid)] = [
      .unipc: (.unipc, .wan), .dpm: (.dpm, .even), .ddim: (.euler, .even),
    ]
    #expect(try grid(pipeline.diffusers) == expected[sampler]?.0)
    #expect(try grid(pipeline.original) == expected[sampler]?.1)
  }

  @Test func `A scheduler of another kind is read, as diffusers writes it, and a student's folder is not sampled`()
    throws
  {
    let pipeline = try WanPipeline()
    let path = "\(pipeline.diffusers)/scheduler/scheduler_config.json"
    let dpm = """
      {"_class_name": "DPMSolverMultistepScheduler", "prediction_type": "flow_prediction", "use_flow_sigmas": true,
       "flow_shift": 7.0, "lambda_min_clipped": -Infinity}
      """
    try AtomicFile.write(Data(dpm.utf8), to: path)
    let model = try pipeline.model(pipeline.diffusers)
    #expect(model.sampler == .dpm && (model.schedule as? RectifiedFlow)?.shift == 7)
    try WanFewStepScheduler(steps: [1, 0.5], shift: 5, size: "height=32, width=48, num_frames=5")
      .write(into: pipeline.diffusers)
    let student = try pipeline.model(pipeline.diffusers)
    let failure = #expect(throws: Failure.self) { try student.samplingSchedule(for: .unipc) }
    #expect("\(try #require(failure))".contains("a few-step student"))
  }

  @Test func `The authors' config alone is enough for sizes, and a missing autoencoder is told when it is opened`()
    throws
  {
    let pipeline = try WanPipeline()
    try FileManager.default.removeItem(atPath: "\(pipeline.original)/Wan2.1_VAE.pth")
    let model = try pipeline.model(pipeline.original)
    #expect(try model.latentShape(of: MediaSize(height: 480, width: 832, frames: 81)) == [16, 21, 60, 104])
    let failure = #expect(throws: Failure.self) { try model.codec.open() }
    #expect("\(try #require(failure))".contains("Wan2.1_VAE.pth"))
  }

  @Test func `Frames and sizes that Wan cannot make are refused with ones that it can`() throws {
    let pipeline = try WanPipeline()
    let model = try pipeline.model(pipeline.diffusers)
    func message(_ size: MediaSize) throws -> String {
      "\(try #require(#expect(throws: Failure.self) { try model.latentShape(of: size) }))"
    }
    #expect(try message(MediaSize(height: 32, width: 32, frames: 80)).contains("1 + n · 4 frames, such as 77 or 81"))
    #expect(try message(MediaSize(height: 40, width: 32, frames: 5)).contains("multiples of 16 and 16"))
    #expect(try model.latentShape(of: MediaSize(height: 480, width: 832, frames: 81)) == [16, 21, 60, 104])
  }

  @Test func `Another model of the family is refused by its name`() throws {
    let pipeline = try WanPipeline()
    func message(_ file: String, _ change: [String: JSONValue], in folder: String) throws -> String {
      let path = "\(folder)/\(file)"
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      defer { try? AtomicFile.write(whole, to: path) }
      let values = try ModelConfig(path).values.merging(change) { $1 }
      try AtomicFile.write(Data(JSONValue.object(values).description.utf8), to: path)
      return "\(try #require(#expect(throws: Failure.self) { try pipeline.model(folder) }))"
    }
    let wan22 = try message(
      "model_index.json", ["transformer_2": ["diffusers", "WanTransformer3DModel"]], in: pipeline.diffusers)
    #expect(wan22.contains("this is Wan2.2"), "\(wan22)")
    let image = try message("transformer/config.json", ["image_dim": 1280], in: pipeline.diffusers)
    #expect(image.contains("makes videos from images"), "\(image)")
    let original = try message("config.json", ["model_type": "i2v"], in: pipeline.original)
    #expect(original.contains("makes videos from images"), "\(original)")
    let autoencoder = try message("vae/config.json", ["z_dim": 48], in: pipeline.diffusers)
    #expect(autoencoder.contains("the autoencoder of Wan2.2"), "\(autoencoder)")
    let small = try message("model_index.json", ["expand_timesteps": true], in: pipeline.diffusers)
    #expect(small.contains("expand_timesteps: this is Wan2.2"), "\(small)")
    let both = try message("config.json", ["model_type": "ti2v"], in: pipeline.original)
    #expect(both.contains("this is Wan2.2"), "\(both)")
    let residual = try message("vae/config.json", ["is_residual": true], in: pipeline.diffusers)
    #expect(residual.contains("the autoencoder of Wan2.2"), "\(residual)")
  }
}
