import Files
import Tensors

extension Catalog {
  /// Registers a family of pretrained models: its backbone for recipes, its denoiser for `fewstep train-teacher`, and its parts for
  /// the commands that take a model's folder.
  public mutating func add(_ family: any PretrainedModel.Type) {
    models.append(family)
    backbones.append(
      Plugin(family.name, family.summary) { s in
        let settings = PretrainedBackbone.Settings(s, defaultSize: family.defaultSize)
        let open = family.opening(s)
        return { try PretrainedBackbone(settings, on: $0.device, opening: open) }
      })
    pretrainable.append(
      Plugin(
        family.name, "The denoiser of a \(family.pipelineClass) with random weights, as its config.json describes it"
      ) { s in
        let settings = PretrainedBackbone.Settings(untrained: s, defaultSize: family.defaultSize)
        let open = family.opening(s)
        return { try PretrainedBackbone(settings, seed: $0.seed, on: $0.device, opening: open) }
      })
  }

  /// The family of a model's folder.
  ///
  /// - Throws: `Failure` if no plugin implements the class that its model_index.json names.
  public func family(_ folder: PipelineFolder) throws -> any PretrainedModel.Type {
    let family = models.first { [$0.pipelineClass, $0.originalClass].contains(folder.className) }
    guard let family else {
      throw Failure(
        .malformed, at: "\(folder.path)/model_index.json: _class_name",
        models.lazy.compactMap { $0.otherClasses[folder.className] }.first.map { "this is \($0)" } ?? "",
        expected: models.map { $0.pipelineClass }.joined(separator: " or "), got: folder.className)
    }
    return family
  }

  /// A model with its configs read.
  ///
  /// - Parameter settings: of the family's own, "KEY=VALUE" each; the others have their defaults.
  public func model(_ source: ModelSource, set settings: [String] = []) throws -> any PretrainedModel {
    try opening(family(source.folder), set: settings)(source)
  }

  /// - Throws: `Failure` naming a setting that the family does not have, or a value that it does not take.
  func opening(
    _ family: any PretrainedModel.Type, set settings: [String]
  ) throws -> (ModelSource) throws -> any PretrainedModel {
    guard !settings.isEmpty else { return family.openingWithDefaults }
    let reader = SettingsReader(try Recipe.replaced(YAMLNode.parse("{}", file: "--set"), settings))
    let open = family.opening(reader)
    try reader.finish()
    return open
  }
}

extension PreparedLatents {
  public static func register(in catalog: inout Catalog) {
    catalog.data.append(
      Plugin(
        "prepared",
        "Images or videos with captions that `fewstep prepare` encoded, whatever the model"
      ) { s in
        let path = s.path("folder", "The prepared folder.")
        return { try PreparedLatents(path, for: $0.backbone as? PretrainedBackbone, on: $0.device) }
      })
  }
}
