import ArgumentParser
import Fewstep
import Files
import Foundation
import Processes
import Tensors

/// The options of all `prepare` commands.
struct PreparationArguments: ParsableArguments {
  @Option(help: "A model's folder, in diffusers' layout or its authors'.") var model: String
  @Option(help: "Which of its weight files, such as fp16.") var variant: String?
  @Option(help: "The folder that is written.") var into: String
  @Option(help: "cpu, cuda or cuda:N.") var device = Device.cpu
  @Option(help: "The dtype that networks compute in.") var precision = Precision.float32
  @Option(help: "The dtype that is stored.") var dtype = Precision.float16
  @Option(help: "Rows of a shard; by default 1000, or as many as have 256 MB.") var shardRows: Int?
  @Option(help: "Rows that a network sees at once; by default 8, or 1 of videos.") var batch: Int?
  @Option(
    name: .customLong("set"),
    help: "A setting of the model's family, KEY=VALUE, such as negative-prompt=blurry of Wan. May be repeated.")
  var settings: [String] = []
  @Flag(help: "Print a summary as JSON.") var json = false

  func validate() throws {
    try require("--shard-rows", shardRows, in: 1...1_000_000)
    try require("--batch", batch, in: 1...10_000)
  }

  func opened() throws -> any PretrainedModel {
    try ProgramPlugins.catalog.model(ModelSource(opening: model, variant, precision, on: device), set: settings)
  }

  func cache(_ model: any PretrainedModel) -> LatentCache {
    let isVideo = if case .videos = model.medium { true } else { false }
    return LatentCache(
      model, into: into, shardRows: shardRows ?? min(1000, max(1, (256 << 20) / bytesOfText(model))),
      batch: batch ?? (isVideo ? 1 : 8), dtype: dtype.dtype)
  }

  /// The bytes of a row's embeddings, as far as the family says how large they are.
  private func bytesOfText(_ model: any PretrainedModel) -> Int {
    let inputs = model.denoiserInputs.filter { !["sample", "timestep"].contains($0.name) }
    let counts = inputs.map { input in
      input.shape.dropFirst().reduce(1) { count, size in
        switch size {
        case .fixed(let width): count * width
        case .free(let name, _): count * (model.conditionSizes[name] ?? 1)
        }
      }
    }
    return max(1, counts.reduce(0, +) * dtype.dtype.byteCount)
  }

  /// The maximum number of cut-off prompts that are listed.
  private static let namedPrompts = 5

  /// Runs `body` with a progress bar and Ctrl-C, and reports its findings and its summary.
  ///
  /// - Parameter what: "prompt".
  func run(
    _ cache: LatentCache, _ count: Int, _ what: String,
    _ body: (LatentCache, _ progress: @escaping (Int) throws -> Void) throws -> LatentCache.Summary
  ) throws {
    Signals.listen()
    let progress = Progress(total: count)
    var cache = cache
    var cut = 0
    cache.report = { finding in
      switch finding {
      case .cutOff(let prompt, let tokens):
        cut += 1
        if cut <= Self.namedPrompts { progress.note(cutOffMessage(prompt, tokens: tokens)) }
      case .skipped(let error): progress.note("left out: \(error)")
      case .damaged(let error): progress.note("damaged, made again: \(error)")
      }
    }
    let summary = try body(cache) { done in
      progress.update(done, "\(what)s")
      try Signals.check("stopped; finished shards are in \(into); rerun the command to continue")
    }
    if summary.cutOff > 0 {
      note("\(counted(summary.cutOff, "prompt")) longer than the encoders read: the ends were cut off")
    }
    if summary.skipped > 0 {
      note("\(counted(summary.skipped, what)) could not be read; manifest.json lists the names")
    }
    note(
      "\(into): \(counted(summary.rows, what)) in \(counted(summary.shards, "shard")), \(summary.kept) of them reused")
    if json { print(try JSONEncoder.prettyText(summary)) }
  }
}

/// "1 text", "2 texts"
private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

/// An absolute path, so that it is valid wherever the program is called.
func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardized.path }

func cutOffMessage(_ prompt: String, tokens: Int) -> String {
  let what = tokens == 1 ? "the last token is" : "the last \(tokens) tokens are"
  return "\(what) more than the encoders read, and cut off: \(prompt.prefix(60))…"
}
