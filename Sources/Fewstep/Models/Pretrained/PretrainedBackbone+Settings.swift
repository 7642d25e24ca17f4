import Tensors

extension PretrainedBackbone {
  /// The settings of a pretrained model in a recipe.
  public struct Settings: Sendable {
    public var model: String
    /// The folder of the teacher, if it is another model of the family; nil is `model`.
    public var teacher: String?
    public var variant: String?
    /// A folder of prepared prompts; nil means no prepared prompts: each prompt is embedded when it is used.
    public var prompts: String?
    public var size: MediaSize
    /// The dtype in which the teacher is kept and all roles compute.
    public var precision: DType
    public var gradientCheckpointing: Bool
    public var tile: Int?
    /// Where a recipe gives keys that only the opened model can judge, by key.
    var places = [String: String]()

    public init(
      model: String, teacher: String? = nil, variant: String? = nil, prompts: String?, size: MediaSize,
      precision: DType = .float32,
      gradientCheckpointing: Bool = false, tile: Int? = nil
    ) {
      self.model = model
      self.teacher = teacher
      self.variant = variant
      self.prompts = prompts
      self.size = size
      self.precision = precision
      self.gradientCheckpointing = gradientCheckpointing
      self.tile = tile
    }

    init(_ s: SettingsReader, defaultSize: MediaSize) {
      model = s.path(
        "model", "The model's folder in diffusers' layout (model_index.json, a folder for each component).")
      variant = s.has("variant") ? s.string("variant", "Which of the folder's weight files, such as fp16.") : nil
      teacher =
        s.has("teacher")
        ? s.path(
          "teacher",
          "The folder of the teacher, if it is another model of the family, such as a larger one; student and fake teacher begin as `model`."
        ) : nil
      prompts = s.path("prompts", "Prompts embedded by `fewstep prepare prompts`.")
      let sides = s.integers(
        "size", default: [defaultSize.height, defaultSize.width], in: .closed(8, 16384),
        "Height and width of samples, in pixels.")
      s.require(sides.count == 2, at: "size", "expected [height, width]")
      size = sides.count == 2 ? MediaSize(height: sides[0], width: sides[1]) : defaultSize
      size.frames = defaultSize.frames.map {
        s.integer("frames", default: $0, in: .closed(1, 10_000), "Frames of a video.")
      }
      precision = s.precision(
        "The dtype that the teacher is kept in and that all roles compute in; trained weights are kept in float32.")
      gradientCheckpointing = Self.gradientCheckpointing(s)
      tile = s.has("tile") ? s.integer("tile", in: .closed(64, 16384), "Pixels a side that are decoded at once.") : nil
      for key in ["size", "frames", "tile"] { places[key] = s.place(of: key) }
    }

    /// A model whose denoiser is trained from random weights: nothing is sampled.
    init(untrained s: SettingsReader, defaultSize: MediaSize) {
      self.init(
        model: s.path("model", "The model's folder in diffusers' layout; of its denoiser the config.json is enough."),
        prompts: nil, size: defaultSize, gradientCheckpointing: Self.gradientCheckpointing(s))
    }

    private static func gradientCheckpointing(_ s: SettingsReader) -> Bool {
      s.boolean(
        "gradient-checkpointing", default: false, affects: .speed,
        "Compute blocks twice instead of keeping their activations: less memory, more time.")
    }
  }
}
