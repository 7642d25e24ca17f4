import Files
import Foundation
import Networks
import Tensors

/// A run's student in the files that other programs load. Works on the checkpoint alone: no network is built.
public struct Export {
  public enum Format: String, Sendable, CaseIterable {
    /// The whole pipeline's folder, with the student in the denoiser's place.
    case diffusers
    /// The denoiser's folder alone.
    case component
    /// Adapters as PEFT and diffusers name them.
    case peft
    /// Adapters as kohya's scripts, ComfyUI and others name them.
    case kohya
  }

  private let file: HDF5File
  private let recipe: Recipe
  /// The pretrained model's folder, and which of its components the student stands for.
  private let model: String
  private let component: String
  private let variant: String?
  private let values: [String: String]
  /// The student's times, as stored with it.
  public let steps: [Double]

  /// - Parameters:
  ///   - step: which checkpoint; the last one by default.
  /// - Throws: `Failure` where the run's model family has no exchange format or there is no checkpoint.
  public init(_ folder: RunFolder, recipe: Recipe, step: Int? = nil) throws {
    guard let chosen = step ?? folder.checkpointSteps.last, folder.checkpointSteps.contains(chosen) else {
      throw Failure(
        .missing, at: folder.path, "there is no such checkpoint", expected: "one of \(folder.checkpointSteps)",
        got: step.map { "step \($0)" } ?? "none")
    }
    file = try HDF5File.open(folder.checkpoint(chosen))
    guard let model = try? file.string("backbone.model"), let component = try? file.string("backbone.component") else {
      throw Failure(
        .malformed, at: file.path, "this model family has no format that other programs read",
        advice: "\(folder.student) holds the student's weights by name.")
    }
    self.recipe = recipe
    self.model = model
    self.component = component
    variant = try? file.string("backbone.variant")
    guard case .numbers(let steps)? = try file.attribute("student.steps") else {
      throw Failure(.malformed, at: file.path, "the attribute 'student.steps' is missing")
    }
    self.steps = steps
    let sampled = try Checkpoint.sampledWeights(in: file)
    values = Dictionary(uniqueKeysWithValues: try file.names(in: "student").map { ($0, sampled($0)) })
  }

  /// - Parameters:
  ///   - path: a folder for `diffusers` and `component`, a file otherwise.
  ///   - dtype: what weights are stored in.
  /// - Throws: `Failure` where adapters are asked for and the student has none, or the folder is there already.
  public func write(_ format: Format, to path: String, dtype: DType) throws {
    switch format {
    case .peft: try Safetensors.write(try adapters(dtype).flatMap(peft), metadata: ["format": "pt"], to: path)
    case .kohya: try Safetensors.write(try adapters(dtype).flatMap(kohya), metadata: ["format": "pt"], to: path)
    case .component: try writeFolder(path) { try writeComponent($0, dtype) }
    case .diffusers: try writeFolder(path) { try writePipeline($0, dtype) }
    }
  }

  // MARK: Adapters

  /// One layer's update, with alpha / rank in `up`, so that alpha is the rank: not all programs read another one.
  private struct Adapter {
    let layer: String
    let down: Tensor
    let up: Tensor
  }

  private func adapters(_ dtype: DType) throws -> [Adapter] {
    let ending = ".lora_A.weight"
    let layers = values.keys.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }.sorted()
    guard !layers.isEmpty, let lora = recipe.student.lora else {
      throw Failure(
        .malformed, at: file.path, "the student was trained whole and has no adapters",
        advice: "Export it as diffusers or component, or train with `student.lora`.")
    }
    return try layers.map { layer in
      let up = try value("\(layer).lora_B.weight") * (lora.alpha / Double(lora.rank))
      return Adapter(layer: layer, down: try value("\(layer).lora_A.weight").to(dtype), up: try up.to(dtype))
    }
  }

  private func peft(_ adapter: Adapter) -> [(String, Tensor)] {
    [
      ("\(component).\(adapter.layer).lora_A.weight", adapter.down),
      ("\(component).\(adapter.layer).lora_B.weight", adapter.up),
    ]
  }

  private func kohya(_ adapter: Adapter) throws -> [(String, Tensor)] {
    // kohya's scripts adapt what lies in blocks, and loaders know no other names.
    guard adapter.layer.contains("block") else {
      throw Failure(
        .malformed, at: file.path, "kohya's format has no name for the layer '\(adapter.layer)'",
        advice: "Export it as peft or diffusers, or train without it (student.lora.layers).")
    }
    let name = "lora_\(component)_" + adapter.layer.replacing(".", with: "_")
    return [
      ("\(name).lora_down.weight", adapter.down), ("\(name).lora_up.weight", adapter.up),
      ("\(name).alpha", try .full([], Double(adapter.down.shape[0]), .float32)),
    ]
  }

  // MARK: Folders

  /// Made under another name and renamed: a folder is whole or not there.
  private func writeFolder(_ path: String, _ body: (String) throws -> Void) throws {
    let files = FileManager.default
    guard !files.fileExists(atPath: path) else {
      throw Failure(.io, at: path, "it is there already", advice: "Remove it, or export to another place.")
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
    for item in try files.contentsOfDirectory(atPath: model).sorted() where item != component && !item.hasPrefix(".") {
      try copy("\(model)/\(item)", to: "\(path)/\(item)")
    }
    try files.createDirectory(atPath: "\(path)/\(component)", withIntermediateDirectories: true)
    try writeComponent("\(path)/\(component)", dtype)
    try FewStepScheduler(steps: steps).write(into: path)
  }

  private func writeComponent(_ path: String, _ dtype: DType) throws {
    let source = "\(model)/\(component)"
    try copy("\(source)/config.json", to: "\(path)/config.json")
    try Safetensors.write(
      try weights(dtype), metadata: ["format": "pt"], to: "\(path)/diffusion_pytorch_model.safetensors")
  }

  /// Copies what links stand for: a downloaded model is often a folder of links into a cache.
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

  /// The student's weights, adapters added to what they adapt.
  private func weights(_ dtype: DType) throws -> [(String, Tensor)] {
    guard values.keys.contains(where: { $0.hasSuffix(".lora_A.weight") }) else {
      return try values.keys.sorted().map { ($0, try value($0).to(dtype)) }
    }
    let base = try Weights.open(folder: "\(model)/\(component)", stem: "diffusion_pytorch_model", variant: variant)
    let updates = Dictionary(uniqueKeysWithValues: try adapters(.float32).map { ("\($0.layer).weight", $0) })
    return try base.names.sorted().map { name in
      let weight = try base.tensor(name)
      guard let adapter = updates[name] else { return (name, try weight.to(dtype)) }
      let rank = adapter.down.shape[0]
      let update = try matmul(adapter.up.reshaped([-1, rank]), adapter.down.reshaped([rank, -1]))
      return (name, try (weight.to(.float32) + update.reshaped(weight.shape)).to(dtype))
    }
  }

  private func value(_ name: String) throws -> Tensor {
    guard let path = values[name] else {
      throw Failure(.missing, at: file.path, "there is no tensor 'student/\(name)'")
    }
    return try file.read(path)
  }
}
