import Storage
import Tensors

/// Turns prompts into embeddings and pictures into latents, shard by shard. A shard that is there already, from the same
/// source by the same networks, is left alone: a preparation may be stopped at any time and called again.
public struct Preparation {
  public let pipeline: any ModelPipeline
  public let folder: String
  /// Rows of a shard.
  public let shardRows: Int
  /// Rows that a network sees at once.
  public let batch: Int
  /// What embeddings and latents are stored in.
  public let dtype: DType

  public init(_ pipeline: any ModelPipeline, into folder: String, shardRows: Int, batch: Int, dtype: DType) {
    self.pipeline = pipeline
    self.folder = folder
    self.shardRows = shardRows
    self.batch = batch
    self.dtype = dtype
  }

  /// What was done, for the last words of a command.
  public struct Summary: Encodable, Sendable {
    public var rows = 0
    public var shards = 0
    /// Shards that were there already.
    public var kept = 0
    /// Texts longer than the encoders read: their ends were cut off.
    public var cutOff = 0
  }

  /// Prompts -> datasets "prompts", the embeddings by the denoiser's names, and "unconditional/NAME".
  public func prompts(_ prompts: [String], progress: @escaping (Int) throws -> Void = { _ in }) throws -> Summary {
    let attributes = try pipeline.textIdentity().merging(["dtype": dtype.name]) { $1 }
    let writer = try ShardWriter(folder, kind: "prompts", attributes: attributes)
    var summary = Summary()
    let nothing = try pipeline.embedNothing()
    try shards(prompts, writer, digest: digest, &summary, progress) { part, done in
      let (rows, cutOff) = try embedded(part, done)
      return Rows(
        tensors: rows, texts: ["prompts": part],
        shared: Dictionary(uniqueKeysWithValues: try nothing.map { ("unconditional/\($0)", try $1.to(dtype)) }),
        cutOff: cutOff)
    }
    return summary
  }

  struct Rows {
    let tensors: [String: Tensor]
    let texts: [String: [String]]
    let shared: [String: Tensor]
    let cutOff: Int
  }

  func shards<Item>(
    _ items: [Item], _ writer: ShardWriter, digest: ([Item]) throws -> String, _ summary: inout Summary,
    _ progress: @escaping (Int) throws -> Void, _ make: ([Item], @escaping (Int) throws -> Void) throws -> Rows
  ) throws {
    for start in stride(from: 0, to: items.count, by: shardRows) {
      let part = Array(items[start..<min(start + shardRows, items.count)])
      let source = try digest(part)
      if writer.keep(source) {
        summary.kept += 1
      } else {
        let rows = try make(part) { try progress(start + $0) }
        try writer.write(
          source: source, rows: part.count, tensors: rows.tensors, texts: rows.texts, shared: rows.shared)
        summary.cutOff += rows.cutOff
      }
      summary.rows += part.count
      summary.shards += 1
      try progress(start + part.count)
    }
    try writer.finish()
  }

  func embedded(_ texts: [String], _ done: (Int) throws -> Void) throws -> (rows: [String: Tensor], cutOff: Int) {
    // A text that comes again is embedded once: captions of pictures often are a few.
    var places = [String: Int]()
    let distinct = texts.filter { text in
      defer { places[text] = places[text] ?? places.count }
      return places[text] == nil
    }
    var parts = [String: [Tensor]]()
    var isCut = [Bool]()
    for start in stride(from: 0, to: distinct.count, by: batch) {
      let end = min(start + batch, distinct.count)
      let (tensors, cut) = try noGrad { try pipeline.embed(Array(distinct[start..<end])) }
      for (name, tensor) in tensors { parts[name, default: []].append(try tensor.to(.cpu).to(dtype)) }
      isCut += cut.map { $0 > 0 }
      try done(end)
    }
    let rows = texts.map { places[$0]! }
    return (try parts.mapValues { try concatenated($0).selected(Tensor(rows)) }, rows.count { isCut[$0] })
  }

  func digest(_ texts: [String]) -> String { hash(texts.joined(separator: "\u{0}")) }
}
