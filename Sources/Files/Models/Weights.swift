import Foundation
import Tensors

/// Opens a network's weights in any supported format.
public enum Weights {
  /// The weights in a component's folder, in the search order of diffusers and transformers: one safetensors file,
  /// safetensors files with an index, one torch file, torch files with an index.
  ///
  /// - Parameters:
  ///   - stem: "diffusion_pytorch_model" for diffusers' networks, "model" for transformers' (whose torch files are called
  ///     "pytorch_model").
  ///   - variant: "fp16" for `<stem>.fp16.safetensors` and the like; no other variant is used in its place.
  /// - Throws: `Failure`: `.missing` if there are no such weights, naming the existing ones, and the errors of the file
  ///   or the index.
  public static func open(folder: String, stem: String, variant: String? = nil) throws -> any WeightSource {
    if let variant, variant.isEmpty || variant.contains("/") {
      throw Failure(.malformed, at: folder, expected: "a variant's name, such as fp16", got: "'\(variant)'")
    }
    let candidates = names(stem, variant)
    for name in candidates where FileManager.default.fileExists(atPath: "\(folder)/\(name)") {
      return try open("\(folder)/\(name)")
    }
    let files: [String]
    do { files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } catch {
      throw Failure(.missing, at: folder, "there is no such folder", expected: "a folder with \(candidates[0])")
    }
    let variants = Set(files.compactMap { self.variant(of: $0, stem) }).sorted()
    let isPlainThere = names(stem, nil).contains(where: files.contains)
    var others = variants.map { "the variant '\($0)'" }
    if isPlainThere { others.insert("the weights without a variant", at: 0) }
    throw Failure(
      .missing, at: folder,
      variant.map { "there are no weights of the variant '\($0)'" } ?? "there are no weights",
      expected: candidates.joined(separator: " or "),
      advice: others.isEmpty ? nil : "The folder has \(others.joined(separator: " and ")).")
  }

  /// The extensions of the files that `open` reads.
  public static let extensions = ["safetensors", "json", "pt", "pth", "bin", "ckpt"]

  /// The weights in one file: safetensors, an index (.json) of several, or torch's.
  public static func open(_ path: String) throws -> any WeightSource {
    switch (path as NSString).pathExtension {
    case "safetensors": try SafetensorsFile(path)
    case "json": try ShardedWeights(path)
    default: try TorchFile(path)
    }
  }

  /// The file names, in search order.
  private static func names(_ stem: String, _ variant: String?) -> [String] {
    let part = variant.map { ".\($0)" } ?? ""
    return [stem, stem == "model" ? "pytorch_model" : stem].enumerated().flatMap { index, stem in
      let kind = index == 0 ? "safetensors" : "bin"
      return ["\(stem)\(part).\(kind)", "\(stem).\(kind).index\(part).json"]
    }
  }

  /// The variant of a file; nil if it has none or is not a weight file.
  private static func variant(of file: String, _ stem: String) -> String? {
    let parts = file.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count >= 3, !parts.contains("") else { return nil }
    let variant = parts[parts.count - 2]
    let candidate = parts.last == "json" ? variant : parts[1...(parts.count - 2)].joined(separator: ".")
    return names(stem, candidate).contains(file) && !candidate.contains("-of-") ? candidate : nil
  }
}
