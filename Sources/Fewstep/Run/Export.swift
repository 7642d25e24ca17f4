import Files
import Foundation
import Networks
import Tensors

/// Writes a run's student to the files that other programs load, in its model family's layout. Works on the checkpoint
/// alone: no network is built.
public struct Export {
  private let file: HDF5File
  private let lora: RoleSettings.LoRASettings?
  /// Of the recipe's backbone.
  private let settings: [String: String]
  /// The dataset of each weight.
  private let datasets: [String: String]
  /// The folder of the model that the student was trained from.
  private let model: String
  private let variant: String?
  private let family: any PretrainedModel.Type
  private let layout: ExchangeLayout
  /// The student's times, stored with its weights.
  public let steps: [Double]

  /// - Parameters:
  ///   - catalog: must contain the model's family.
  ///   - step: the checkpoint; by default the best if the run keeps it, otherwise the last.
  /// - Throws: `Failure` if the model family has no exchange format or there is no such checkpoint.
  public init(_ folder: RunFolder, recipe: Recipe, catalog: Catalog, step: Int? = nil) throws {
    guard let chosen = try step ?? folder.defaultStep, folder.checkpointSteps.contains(chosen) else {
      throw Failure(
        .missing, at: folder.path, "there is no such checkpoint", expected: "one of \(folder.checkpointSteps)",
        got: step.map { "step \($0)" } ?? "none")
    }
    file = try HDF5File.open(folder.checkpoint(chosen))
    guard let model = try? file.string("backbone.model"), let kind = try? file.string("backbone.kind"),
      let family = catalog.models.first(where: { $0.name == kind })
    else {
      throw Failure(
        .malformed, at: file.path, "this model family has no format that other programs read",
        advice: "\(folder.student) holds the student's weights by name.")
    }
    (self.model, variant) = (model, try? file.string("backbone.variant"))
    self.family = family
    layout = family.exchange
    lora = recipe.student.lora
    settings = recipe.resolved["backbone"]?.leaves ?? [:]
    let sampled = try Checkpoint.sampledWeights(in: file)
    datasets = Dictionary(uniqueKeysWithValues: try file.names(in: "student").map { ($0, sampled($0)) })
    guard case .numbers(let steps)? = try file.attribute("student.steps") else {
      throw Failure(.malformed, at: file.path, "the attribute 'student.steps' is missing")
    }
    self.steps = steps
  }

  /// The formats that are folders.
  public var folderFormats: [String] { ["diffusers", "component"] + layout.folders.keys.sorted() }
  /// The formats of this student's family; those that are no folders are files of adapters.
  public var formats: [String] { folderFormats + layout.adapters.keys.sorted() }

  /// - Parameters:
  ///   - format: "diffusers" for the whole pipeline's folder, "component" for the denoiser's folder, or one of the family's
  ///     own formats of folders and of adapters.
  ///   - path: a folder, or a file of adapters.
  ///   - dtype: the dtype in which weights are stored.
  /// - Throws: `Failure` for an unknown format, for adapters if the student has none, and if the folder exists.
  public func write(_ format: String, to path: String, dtype: DType) throws {
    switch format {
    case "diffusers": try writeFolder(path) { try writePipeline($0, dtype) }
    case "component": try writeFolder(path) { try writeComponent($0, dtype) }
    case _ where layout.folders[format] != nil:
      try writeFolder(path) { folder in
        guard let other = layout.folders[format] else { return }
        try writeDenoiser(folder, dtype, rename: other.rename, config: other.config)
      }
    default:
      guard let adapters = layout.adapters[format] else {
        throw Failure(.usage, at: "format", expected: formats.joined(separator: ", "), got: format)
      }
      try Safetensors.write(
        try self.adapters(dtype).flatMap { try tensors(of: $0, adapters, format) },
        // The times are part of the student, and no program that loads adapters has a place for them.
        metadata: ["format": "pt", "student.steps": "\(steps)"], to: path)
    }
  }

  // MARK: Adapters

  private func adapters(_ dtype: DType) throws -> [Adapter] {
    let ending = ".lora_A.weight"
    let layers = datasets.keys.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }.sorted()
    guard !layers.isEmpty, let lora else {
      throw Failure(
        .malformed, at: file.path, "the student was trained whole and has no adapters",
        advice: "Export it as diffusers or component, or train with `student.lora`.")
    }
    return try layers.map { layer in
      let up = try tensor("\(layer).lora_B.weight") * (lora.alpha / Double(lora.rank))
      return Adapter(
        layer: layer, down: try tensor("\(layer).lora_A.weight").to(dtype), up: try up.to(dtype))
    }
  }

  private func tensors(of adapter: Adapter, _ format: AdapterFormat, _ name: String) throws -> [(String, Tensor)] {
    guard let tensors = try format.tensors(adapter) else {
      throw Failure(
        .malformed, at: file.path, "the format \(name) has no name for the layer '\(adapter.layer)'",
        advice: "Export it in another format, or train without this layer (student.lora.layers).")
    }
    return tensors
  }

  // MARK: Folders

  /// Writes under another name and renames, so that a folder is complete or absent.
  private func writeFolder(_ path: String, _ body: (String) throws -> Void) throws {
    let files = FileManager.default
    guard !files.fileExists(atPath: path) else {
      throw Failure(.io, at: path, "it exists already", advice: "Remove it, or export to another place.")
    }
    let temporary = "\(path).partial-\(ProcessInfo.processInfo.processIdentifier)"
    do {
      try files.createDirectory(atPath: temporary, withIntermediateDirectories: true)
      try body(temporary)
      try files.moveItem(atPath: temporary, toPath: path)
    } catch {
      try? files.removeItem(atPath: temporary)
      if error is Failure { throw error }
      throw Failure(.io, at: path, "cannot write the folder: \(error.localizedDescription)")
    }
  }

  private func writePipeline(_ path: String, _ dtype: DType) throws {
    let files = FileManager.default
    guard try PipelineFolder(model).className != family.originalClass else {
      throw Failure(
        .usage, at: model,
        "the student's model is not in diffusers' layout, so a whole pipeline cannot be copied from it",
        expected: formats.dropFirst().joined(separator: ", "), got: "diffusers")
    }
    for item in try files.contentsOfDirectory(atPath: model).sorted()
    where item != layout.component && !item.hasPrefix(".") {
      try copy("\(model)/\(item)", to: "\(path)/\(item)")
    }
    try files.createDirectory(atPath: "\(path)/\(layout.component)", withIntermediateDirectories: true)
    try writeComponent("\(path)/\(layout.component)", dtype)
    try layout.finish(path, steps, settings)
  }

  private func writeComponent(_ path: String, _ dtype: DType) throws {
    try writeDenoiser(path, dtype, rename: { $0 }, config: { .object($0) })
  }

  private func writeDenoiser(
    _ path: String, _ dtype: DType, rename: (String) -> String, config: ([String: JSONValue]) throws -> JSONValue
  ) throws {
    guard case .object(let values) = try family.denoiserConfig(PipelineFolder(model)) else { return }
    try AtomicFile.write(config(values).pretty(), to: "\(path)/config.json")
    try Safetensors.write(
      entries: merged(dtype).map { weight in
        Safetensors.Entry(rename(weight.name), shape: weight.shape, dtype: dtype) { try weight.value() }
      }, into: path, stem: ModelSource.weightsName)
  }

  /// Copies the files behind links: a downloaded model is often a folder of links into a cache.
  private func copy(_ source: String, to path: String) throws {
    let files = FileManager.default
    let source = URL(fileURLWithPath: source).resolvingSymlinksInPath().path
    var isFolder: ObjCBool = false
    guard files.fileExists(atPath: source, isDirectory: &isFolder), isFolder.boolValue else {
      return try files.copyItem(atPath: source, toPath: path)
    }
    try files.createDirectory(atPath: path, withIntermediateDirectories: false)
    for item in try files.contentsOfDirectory(atPath: source).sorted() {
      try copy("\(source)/\(item)", to: "\(path)/\(item)")
    }
  }

  /// The student's weights, with adapters added to the weights that they adapt. Each is read when it is asked for.
  private func merged(_ dtype: DType) throws -> [(name: String, shape: [Int], value: () throws -> Tensor)] {
    guard datasets.keys.contains(where: { $0.hasSuffix(".lora_A.weight") }) else {
      return try datasets.keys.sorted().map { name in
        (name, try file.dataset(datasets[name] ?? name).shape, { try tensor(name) })
      }
    }
    let base = try family.denoiserWeights(ModelSource(PipelineFolder(model), variant: variant))
    let updates = Dictionary(uniqueKeysWithValues: try adapters(.float32).map { ("\($0.layer).weight", $0) })
    return try base.names.sorted().map { name in
      (
        name, try base.tensor(name).shape,
        {
          let weight = try base.tensor(name)
          guard let adapter = updates[name] else { return weight }
          return try LoRA.merged(weight, down: adapter.down, up: adapter.up, scale: 1)
        }
      )
    }
  }

  private func tensor(_ name: String) throws -> Tensor {
    guard let dataset = datasets[name] else {
      throw Failure(.missing, at: file.path, "there is no tensor 'student/\(name)'")
    }
    return try file.read(dataset)
  }
}
