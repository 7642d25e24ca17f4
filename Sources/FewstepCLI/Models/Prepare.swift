import ArgumentParser
import Fewstep
import Files
import Foundation
import Processes
import Tensors

struct Prepare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn prompts into embeddings, or images into latents, for training.",
    discussion: """
      Output is written as HDF5 shards, each atomically. Existing shards made from the same source by the same networks are
      verified and reused, so an interrupted run loses at most one shard; rerun the command to continue. A folder that holds
      another data set is refused.

      Example:  fewstep prepare prompts prompts.txt --model models/sdxl --into prepared/prompts
                fewstep prepare images photos/ more.tar --model models/sdxl --into prepared/photos --size 1024
      """,
    subcommands: [PreparePrompts.self, PrepareImages.self])
}

/// The options of all `prepare` commands.
struct PreparationArguments: ParsableArguments {
  @Option(help: "A model's folder in diffusers' layout.") var model: String
  @Option(help: "Which of its weight files, such as fp16.") var variant: String?
  @Option(help: "The folder that is written.") var into: String
  @Option(help: "cpu, cuda or cuda:N.") var device = Device.cpu
  @Option(help: "The dtype that networks compute in.") var precision = Precision.float32
  @Option(help: "The dtype that is stored.") var dtype = Precision.float16
  @Option(help: "Rows of a shard.") var shardRows = 1000
  @Option(help: "Rows that a network sees at once.") var batch = 8
  @Flag(help: "Print a summary as JSON.") var json = false

  func validate() throws {
    try require("--shard-rows", shardRows, in: 1...1_000_000)
    try require("--batch", batch, in: 1...10_000)
  }

  func opened() throws -> any PretrainedModel {
    try ProgramPlugins.catalog.model(ModelSource(opening: model, variant, precision, on: device))
  }

  func cache(_ model: any PretrainedModel) -> LatentCache {
    LatentCache(model, into: into, shardRows: shardRows, batch: batch, dtype: dtype.dtype)
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

struct PreparePrompts: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prompts", abstract: "Embed prompts: a text file, one a line, or JSON lines.",
    discussion: "Example:  fewstep prepare prompts prompts.jsonl --model models/sdxl --into prepared/prompts")

  @Argument(help: "A file of prompts: one a line, or .jsonl with prompt, caption or text.") var file: String
  @OptionGroup var arguments: PreparationArguments

  func run() throws {
    let prompts = try PromptFile.read(file)
    try arguments.run(arguments.cache(arguments.opened()), prompts.count, "prompt") {
      try $0.prompts(prompts, from: absolute(file), progress: $1)
    }
  }
}

struct PrepareImages: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "images", abstract: "Encode images and embed their captions: folders, or WebDataset tars.",
    discussion: """
      In a folder, NAME.txt is the caption of NAME.jpg (png, webp); in a tar, the member with the same key (.txt, or .json
      with prompt, caption or text). Images are resized to cover the frame, then cropped evenly; the original size and the
      crop are stored if the model reads them, as SDXL does. Transparency is dropped, as PIL's convert("RGB") does.

      Example:  fewstep prepare images photos/ --model models/sdxl --size 1024 --into prepared/photos
      """)

  @Argument(help: "Folders, and tars.") var sources: [String]
  @Option(help: "Pixels a side, or HEIGHTxWIDTH; by default the model's.", transform: MediaSize.init(parsing:))
  var size: MediaSize?
  @Flag(help: "Leave out damaged files and name them, instead of stopping.")
  var skipBad = false
  @OptionGroup var arguments: PreparationArguments

  func run() throws {
    let images = try ImageSource.images(in: sources)
    let bare = images.count { $0.caption.isEmpty }
    if bare > 0 { note("\(bare) of \(images.count) images have no caption: theirs is the empty text") }
    let model = try arguments.opened()
    let size = size ?? type(of: model).defaultSize
    guard model.medium == .images else {
      throw Failure(.usage, at: arguments.model, expected: "a model of images", got: "one of \(model.medium)")
    }
    guard size.frames == nil else { throw Failure(.usage, at: "--size \(size)", "images have no frames") }
    _ = try model.latentShape(of: size)
    try arguments.run(arguments.cache(model), images.count, "image") {
      try $0.media(images, size: size, from: absolute(sources[0]), skippingBad: skipBad, progress: $1)
    }
  }
}

/// An absolute path, so that it is valid wherever the program is called.
private func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardized.path }

/// "1 text", "2 texts"
private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
