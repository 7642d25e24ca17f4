import Encoders
import Fewstep
import Tensors

/// The rewards that are based on CLIP.
public enum CLIPRewards {
  public static func register(in catalog: inout Catalog) {
    catalog.rewards += [hpsv2, pickScore, clipScore, aesthetic]
  }

  /// How well images match their prompts (Hessel et al., arXiv 2104.08718): weight · max(cos, 0).
  private static var clipScore: Plugin<any RewardProxy> {
    Plugin(
      "clip-score", "How near images are to their prompts by a CLIP model (arXiv 2104.08718)"
    ) { s in
      let settings = FolderSettings(s, hasTexts: true)
      let weight = s.number(
        "weight", default: 100, in: .positive, "The factor of max(cos, 0); the paper's is 2.5.")
      let prefix = s.string("prefix", default: "", "Words before every prompt; the paper's are 'A photo depicts'.")
      return { context in
        try settings.reward(context, prefix: prefix, constants: [Tensor([weight])]) { _ in
          return { try $0.clamped(0, nil) * weight }
        }
      }
    }
  }

  /// Predicts which image people would pick (Kirstain et al., arXiv 2305.01569): exp(logit scale) · cos.
  private static var pickScore: Plugin<any RewardProxy> {
    Plugin(
      "pickscore", "PickScore: what people prefer for a prompt, by a ViT-H-14 tuned on Pick-a-Pic (arXiv 2305.01569)"
    ) { s in
      let settings = FolderSettings(s, hasTexts: true)
      return { context in
        try settings.reward(context) { model in
          let scale = try model.scale()
          return { try $0 * scale }
        }
      }
    }
  }

  /// LAION's aesthetic predictors: linear layers on an image's embedding.
  private static var aesthetic: Plugin<any RewardProxy> {
    Plugin(
      "aesthetic", "LAION's aesthetic predictors: linear layers on a CLIP ViT-L/14's embedding of the image alone"
    ) { s in
      let settings = FolderSettings(s, hasTexts: false)
      let path = s.path("head", "The predictor: sac+logos+ava1-l14-linearMSE.pth, sa_0_4_vit_l_14_linear.pth, or such.")
      return { context in
        let folder = try CLIPFolder(settings.model)
        let head = try AestheticHead(path, width: folder.configuration.vision.projection, on: context.device)
        // The predictors were trained on images that OpenAI's code preprocessed.
        var processing = folder.processing
        processing.fit = .torchvisionCrop
        return CLIPReward(
          try folder.model(settings.precision, on: context.device), processing, .look(head.callAsFunction),
          constants: head.tensors, batch: settings.batch, frames: settings.frames, context)
      }
    }
  }

  /// Human Preference Score v2 (Wu et al., arXiv 2306.09341): the cosine.
  private static var hpsv2: Plugin<any RewardProxy> {
    Plugin(
      "hpsv2", "HPSv2 and v2.1: what people prefer for a prompt, by a tuned OpenCLIP ViT-H-14 (arXiv 2306.09341)"
    ) { s in
      let weights = s.path("weights", "HPS_v2.1_compressed.pt or HPS_v2_compressed.pt.")
      let version: HPSVersion = s.choice("version", default: .v21, "Which of the two the weights are.")
      let tokenizer = s.path("tokenizer", "A CLIP tokenizer's folder, such as SDXL's tokenizer/.")
      let config =
        s.has("config") ? s.path("config", "open_clip's config of the model, if it is not ViT-H-14.") : nil
      let (precision, batch, frames) = s.scoring()
      return { context in
        try hpsv2(
          weights, version, config: config, tokenizer: tokenizer, precision: precision, batch: batch,
          frames: frames, context)
      }
    }
  }
}

/// The settings of rewards whose model is a folder.
private struct FolderSettings {
  let model: String
  let tokenizer: String?
  let precision: DType
  let batch: Int
  let frames: VideoFrames

  init(_ s: SettingsReader, hasTexts: Bool) {
    model = s.path("model", "The CLIP model's folder, in transformers' layout or open_clip's.")
    tokenizer =
      hasTexts && s.has("tokenizer") ? s.path("tokenizer", "The tokenizer's folder, if it is not the model's.") : nil
    (precision, batch, frames) = s.scoring()
  }

  /// - Parameter value: the score of a cosine [B].
  func reward(
    _ context: PluginContext, prefix: String = "", constants: [Tensor] = [],
    _ value: (CLIPModel) throws -> (Tensor) throws -> Tensor
  ) throws -> CLIPReward {
    let folder = try CLIPFolder(model)
    let model = try folder.model(precision, on: context.device)
    let embeddings = try PromptEmbeddings(
      model, tokenizer: tokenizer ?? folder.path, prefix: prefix, on: context.device)
    return CLIPReward(
      model, folder.processing, .fit(embeddings, try value(model)), constants: constants, batch: batch,
      frames: frames, context)
  }
}
