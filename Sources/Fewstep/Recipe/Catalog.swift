import Files
import Tensors

/// The objects that a plugin may use when it is made.
public struct PluginContext {
  public let device: Device
  public let seed: Int
  /// The model family, once it is loaded: rewards and data may depend on it.
  public let backbone: (any Backbone)?
  /// The teachers of a run, for rewards and objectives that use them.
  public let teacher: (any Teacher)?
  public let fakeTeacher: (any FakeTeacher)?

  public init(
    device: Device, seed: Int, backbone: (any Backbone)? = nil, teacher: (any Teacher)? = nil,
    fakeTeacher: (any FakeTeacher)? = nil
  ) {
    self.device = device
    self.seed = seed
    self.backbone = backbone
    self.teacher = teacher
    self.fakeTeacher = fakeTeacher
  }
}

/// A named, configurable part of a recipe. It reads its settings first; it is made later, when files are opened and
/// memory is allocated.
public struct Plugin<Product> {
  public let name: String
  /// One line that cites the paper.
  public let summary: String
  public let read: (SettingsReader) -> (PluginContext) throws -> Product

  public init(
    _ name: String, _ summary: String, read: @escaping (SettingsReader) -> (PluginContext) throws -> Product
  ) {
    self.name = name
    self.summary = summary
    self.read = read
  }

  /// A plugin that is made from its settings alone, and anew each time.
  ///
  ///     Plugin("amd", "Adaptive Matching Distillation (arXiv 2602.07345)", AMD.Settings.init, AMD.init)
  public init<Settings>(
    _ name: String, _ summary: String, _ settings: @escaping (SettingsReader) -> Settings,
    _ make: @escaping (Settings) throws -> Product
  ) {
    self.init(name, summary) { s in
      let settings = settings(s)
      return { _ in try make(settings) }
    }
  }

  /// Its settings.
  public var settings: [Setting] { settings(in: Catalog()) }

  /// Its settings, including those of the plugins in `catalog` that it may contain.
  public func settings(in catalog: Catalog) -> [Setting] {
    let reader = SettingsReader.describing(catalog)
    _ = read(reader)
    return reader.declarations
  }
}

/// All plugins of an executable. It is a value: tests and user packages make their own.
public struct Catalog {
  public var objectives = [Plugin<any MatchingObjective>]()
  public var backbones = [Plugin<any Backbone>]()
  /// Model families that `fewstep train-teacher` can train from scratch.
  public var pretrainable = [Plugin<any Backbone>]()
  public var rewards = [Plugin<any RewardProxy>]()
  public var data = [Plugin<any DataSource>]()
  public var features = [Plugin<any FeatureNetwork>]()
  /// Classifiers that `fewstep train-classifier` can train.
  public var classifiers = [Plugin<any TrainableClassifier>]()
  /// Autoencoders that `fewstep train-autoencoder` can train from scratch.
  public var autoencoders = [Plugin<any TrainableAutoencoder>]()
  /// Families of pretrained models, see `add`.
  public var models = [any PretrainedModel.Type]()
  /// Files that plugins were loaded from. Runs record them, so that a resume can request them.
  public var files = [String]()

  public init() {}
}

extension SettingsReader {
  /// A section whose `kind` names another plugin of the executable, for plugins that contain plugins.
  public func plugin<Product>(_ key: String, among kind: KeyPath<Catalog, [Plugin<Product>]>, _ meaning: String) -> (
    PluginContext
  ) throws -> Product { plugin(key, among: catalog[keyPath: kind], meaning) }

  private var catalog: Catalog { environment as? Catalog ?? Catalog() }

  /// A section whose `kind` names the plugin that reads it.
  func plugin<Product>(_ key: String, among plugins: [Plugin<Product>], _ meaning: String) -> (PluginContext) throws ->
    Product
  {
    let section = section(key)
    let name = section.oneOf("kind", plugins.map(\.name), meaning)
    guard section.text("kind") == name, let plugin = plugins.first(where: { $0.name == name }) else {
      section.abandon()
      return { _ in throw RecipeError([]) }
    }
    return plugin.read(section)
  }

  /// Like `plugin`, for a section that may be left out.
  func optionalPlugin<Product>(_ key: String, among plugins: [Plugin<Product>], _ meaning: String) -> (
    (PluginContext) throws -> Product
  )? {
    has(key) ? plugin(key, among: plugins, meaning) : nil
  }
}
