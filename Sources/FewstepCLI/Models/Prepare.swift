import ArgumentParser
import Fewstep
import Foundation
import Storage
import Tensors

struct Prepare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn prompts into embeddings, or pictures into latents, for training.",
    discussion: """
      What is made lies in shards (HDF5), each written whole; a shard that is there from the same source and the same
      networks is left alone. So Ctrl-C costs a shard at most: call it again and it goes on.

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

  func preparation() throws -> Preparation {
    let source = try ModelSource(PipelineFolder(model), variant: variant, precision: precision.dtype, on: device)
    let pipeline = try FewstepCommand.catalog.pipeline(source.folder).open(source)
    return Preparation(pipeline, into: into, shardRows: shardRows, batch: batch, dtype: dtype.dtype)
  }

  /// Runs `body` with progress and Ctrl-C, and says what was done.
  func run(
    _ count: Int, _ what: String, _ body: (_ progress: @escaping (Int) throws -> Void) throws -> Preparation.Summary
  )
    throws
  {
    Interruption.listen()
    let progress = Progress(total: count)
    let summary = try body { done in
      progress.update(done, what)
      try stopIfAsked("stopped; finished shards are in \(into), and the same command goes on from there")
    }
    if summary.cutOff > 0 {
      note("\(summary.cutOff) texts were longer than the encoders read: their ends were left out")
    }
    note("\(into): \(summary.rows) \(what) in \(summary.shards) shards, \(summary.kept) of them were there already")
    if json { print(String(decoding: try JSONEncoder.pretty.encode(summary), as: UTF8.self)) }
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
    let preparation = try arguments.preparation()
    try arguments.run(prompts.count, "prompts") { try preparation.prompts(prompts, progress: $0) }
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
  @OptionGroup var arguments: PreparationArguments

  private var sides: [Int] {
    let sides = size.split(separator: "x").compactMap { Int($0) }
    return sides.count == 1 ? [sides[0], sides[0]] : sides
  }

  func validate() throws {
    guard sides.count == 2, sides.allSatisfy({ 8...16384 ~= $0 }) else {
      throw ValidationError("--size: expected pixels such as 1024 or 832x1216, got '\(size)'")
    }
  }

  func run() throws {
    let pictures = try PictureSource.pictures(in: sources)
    let bare = pictures.count { $0.caption.isEmpty }
    if bare > 0 { note("\(bare) of \(pictures.count) pictures have no caption: theirs is the empty text") }
    let preparation = try arguments.preparation()
    try arguments.run(pictures.count, "pictures") { try preparation.pictures(pictures, size: sides, progress: $0) }
  }
}
