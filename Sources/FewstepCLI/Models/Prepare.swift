import ArgumentParser
import Fewstep
import Files
import Foundation
import Processes
import Tensors

struct Prepare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn prompts into embeddings, or pictures into latents, for training.",
    discussion: """
      What is made lies in shards (HDF5), each written whole; a shard that is there from the same source and the same
      networks is read, to see that it is whole, and left alone. So Ctrl-C costs a shard at most: call it again and it goes
      on. A folder that holds another data set is refused.

      Example:  fewstep prepare prompts prompts.txt --model models/sdxl --into prepared/prompts
                fewstep prepare pictures photos/ more.tar --model models/sdxl --into prepared/photos --size 1024
      """,
    subcommands: [PreparePrompts.self, PreparePictures.self])
}

/// What both have in common.
struct PreparationArguments: ParsableArguments {
  @Option(help: "A model's folder in diffusers' layout.") var model: String
  @Option(help: "Which of its weight files, such as fp16.") var variant: String?
  @Option(help: "The folder that is made.") var into: String
  @Option(help: "cpu, cuda or cuda:N.") var device = Device.cpu
  @Option(help: "What networks compute in.") var precision = Precision.float32
  @Option(help: "What is stored.") var dtype = Precision.float16
  @Option(help: "Rows of a shard.") var shardRows = 1000
  @Option(help: "Rows that a network sees at once.") var batch = 8
  @Flag(help: "Print what was done as JSON.") var json = false

  func validate() throws {
    try require("--shard-rows", shardRows, in: 1...1_000_000)
    try require("--batch", batch, in: 1...10_000)
  }

  func preparation() throws -> LatentCache {
    let source = try ModelSource(opening: model, variant, precision, on: device)
    let pipeline = try ProgramPlugins.catalog.pipeline(source.folder).open(source)
    return LatentCache(pipeline, into: into, shardRows: shardRows, batch: batch, dtype: dtype.dtype)
  }

  /// Texts that were cut are named so far.
  private static let namedTexts = 5

  /// Runs `body` with progress and Ctrl-C, and says what was found and done.
  ///
  /// - Parameter what: "prompt".
  func run(
    _ preparation: LatentCache, _ count: Int, _ what: String,
    _ body: (LatentCache, _ progress: @escaping (Int) throws -> Void) throws -> LatentCache.Summary
  ) throws {
    Signals.listen()
    let progress = Progress(total: count)
    var preparation = preparation
    var cut = 0
    preparation.report = { finding in
      switch finding {
      case .cutOff(let text, let tokens):
        cut += 1
        if cut <= Self.namedTexts { progress.note(wordsOfCut(text, tokens: tokens)) }
      case .skipped(let error): progress.note("left out: \(error)")
      case .damaged(let error): progress.note("made again, for its damage: \(error)")
      }
    }
    let summary = try body(preparation) { done in
      progress.update(done, "\(what)s")
      try Signals.check("stopped; finished shards are in \(into), and the same command goes on from there")
    }
    if summary.cutOff > 0 {
      note("the ends of \(counted(summary.cutOff, "text")), longer than the encoders read, were left out")
    }
    if summary.skipped > 0 {
      note("\(counted(summary.skipped, what)) could not be read; manifest.json has the names")
    }
    note(
      "\(into): \(counted(summary.rows, what)) in \(counted(summary.shards, "shard")), \(summary.kept) there already")
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
    try arguments.run(arguments.preparation(), prompts.count, "prompt") {
      try $0.prompts(prompts, from: whole(file), progress: $1)
    }
  }
}

struct PreparePictures: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pictures", abstract: "Encode pictures and embed their captions: folders, or WebDataset tars.",
    discussion: """
      In a folder NAME.txt beside NAME.jpg (png, webp) is its caption; in a tar, the member with the same key (.txt, or .json
      with prompt, caption or text). Pictures are resized to cover the frame, and cut evenly; the sizes before and the cut
      are stored, for SDXL's size conditioning. Transparency is dropped, as PIL's convert("RGB") does.

      Example:  fewstep prepare pictures photos/ --model models/sdxl --size 1024 --into prepared/photos
      """)

  @Argument(help: "Folders, and tars.") var sources: [String]
  @Option(help: "Height and width in pixels, or HEIGHTxWIDTH.") var size = "1024"
  @Flag(help: "Leave out files that are no pictures, or damaged ones, and name them, in place of stopping there.")
  var skipBad = false
  @OptionGroup var arguments: PreparationArguments

  /// Height and width; nil where they are none.
  private var sides: [Int]? {
    let sides = size.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard 1...2 ~= sides.count, sides.allSatisfy({ 8...16384 ~= $0 }) else { return nil }
    return [sides[0], sides[sides.count - 1]]
  }

  func validate() throws {
    guard sides != nil else {
      throw ValidationError("--size: expected pixels such as 1024 or 832x1216, got '\(size)'")
    }
  }

  func run() throws {
    let pictures = try ImageSource.pictures(in: sources)
    let bare = pictures.count { $0.caption.isEmpty }
    if bare > 0 { note("\(bare) of \(pictures.count) pictures have no caption: theirs is the empty text") }
    let preparation = try arguments.preparation()
    let size = sides ?? []
    var sizes = [String: Int]()
    try preparation.pipeline.encoderInput.check(shape: [1, 3] + size, sizes: &sizes, at: "--size")
    try arguments.run(preparation, pictures.count, "picture") {
      try $0.pictures(pictures, size: size, from: whole(sources[0]), skippingBad: skipBad, progress: $1)
    }
  }
}

/// A path from the root, which means the same wherever the program is called.
private func whole(_ path: String) -> String { URL(fileURLWithPath: path).standardized.path }

/// "1 text", "2 texts"
private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
