import Fewstep
import Files
import Tensors

extension SDXL {
  public static func register(in catalog: inout Catalog) {
    let summary = "Stable Diffusion XL (arXiv 2307.01952) from a folder in diffusers' layout"
    catalog.pipelines.append(
      PipelineKind(SDXLPipeline.className, open: { try SDXLPipeline($0) }) { source, size in
        try SDXL(
          SDXL.Settings(
            model: source.folder.path, variant: source.variant, prompts: nil, size: size, precision: source.precision),
          on: source.device)
      })
    catalog.backbones.append(
      Plugin("sdxl", summary) { s in
        let settings = Settings(s)
        return { try SDXL(settings, on: $0.device) }
      })
    catalog.pretrainable.append(
      Plugin("sdxl", "SDXL's U-Net with new weights, of the shape that a model folder's unet/config.json describes") {
        s in
        let model = s.path("model", "The model's folder in diffusers' layout; unet/ needs its config.json alone.")
        let gradientCheckpointing = s.boolean(
          "gradient-checkpointing", default: false,
          "Compute blocks twice instead of keeping their activations: less memory, more time.")
        return {
          try SDXL(
            SDXL.Settings(model: model, prompts: nil, gradientCheckpointing: gradientCheckpointing), seed: $0.seed,
            on: $0.device)
        }
      })
    catalog.autoencoders.append(
      Plugin("sdxl", "SDXL's autoencoder, of the shape that a model folder's vae/config.json describes") { s in
        let model = s.path("model", "The model's folder in diffusers' layout; vae/ needs its config.json alone.")
        return { try UntrainedAutoencoder(model, seed: $0.seed, on: $0.device) }
      })
    catalog.data.append(
      Plugin("sdxl-latents", "Pictures and captions that `fewstep prepare pictures` encoded") { s in
        let path = s.path("folder", "The prepared folder.")
        return { try Latents(path, for: $0.backbone as? SDXL, on: $0.device) }
      })
  }
}

extension SDXL.Settings {
  init(_ s: SettingsReader) {
    model = s.path("model", "The model's folder in diffusers' layout (model_index.json, unet/, vae/, ...).")
    variant = s.has("variant") ? s.string("variant", "Which of the folder's weight files, such as fp16.") : nil
    prompts = s.path("prompts", "Prompts embedded by `fewstep prepare prompts`.")
    size = s.integers(
      "size", default: [1024, 1024], in: .closed(8, 16384), "Height and width of the pictures, in pixels.")
    s.require(size.count == 2, at: "size", "expected [height, width]")
    precision = s.precision(
      "What the teacher is kept in, and what all roles compute in; what trains is kept in float32.")
    gradientCheckpointing = s.boolean(
      "gradient-checkpointing", default: false,
      "Compute blocks twice instead of keeping their activations: less memory, more time.")
    tile = s.has("tile") ? s.integer("tile", in: .closed(64, 16384), "Pixels a side that are decoded at once.") : nil
  }
}
