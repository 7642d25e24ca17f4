import Files
import Tensors

/// Turns prompts into embeddings and pictures into latents, shard by shard. A shard that is there already, from the same
/// source by the same networks, is left alone: a preparation may be stopped at any time and called again.
public struct LatentCache {
  public let pipeline: any ModelPipeline
  public let folder: String
  /// Rows of a shard.
  public let shardRows: Int
  /// Rows that a network sees at once.
  public let batch: Int
  /// What embeddings and latents are stored in.
  public let dtype: DType
  /// Is told what is not quite as it was given, as it is found.
  public var report: (Finding) -> Void = { _ in }

  public init(_ pipeline: any ModelPipeline, into folder: String, shardRows: Int, batch: Int, dtype: DType) {
    self.pipeline = pipeline
    self.folder = folder
    self.shardRows = shardRows
    self.batch = batch
    self.dtype = dtype
  }

  public enum Finding {
    /// So many of a text's last tokens are more than the encoders read.
    case cutOff(text: String, tokens: Int)
    /// A picture cannot be read, and was left out.
    case skipped(Failure)
    /// A shard that was there is damaged, and is made again.
    case damaged(Failure)
  }

  /// What was done, for the last words of a command.
  public struct Summary: Encodable, Sendable {
    public var rows = 0
    public var shards = 0
    /// Shards that were there already.
    public var kept = 0
    /// Shards that were there, damaged, and were made again.
    public var damaged = 0
    /// Pictures that could not be read, in all shards.
    public var skipped = 0
    /// Texts longer than the encoders read: their ends were cut off.
    public var cutOff = 0
  }

  /// Prompts -> datasets "prompts", the embeddings by the denoiser's names, and "unconditional/NAME".
  ///
  /// - Parameter origin: where they are from, such as a file: shards from elsewhere are not replaced.
  /// - Throws: `Failure` where the folder holds another data set, or an embedding is not finite.
  public func prompts(
    _ prompts: [String], from origin: String = "", progress: @escaping (Int) throws -> Void = { _ in }
  ) throws -> Summary {
    let fingerprint = try pipeline.promptFingerprint().merging(["dtype": dtype.name])
    let writer = try ShardWriter(folder, kind: "prompts", fingerprint, origin: origin)
    var summary = Summary()
    let nothing = try pipeline.embedNothing()
    try shards(prompts, writer, digest: SHA256.hash, &summary, progress) { part, done in
      let (rows, cutOff) = try embedded(part, done)
      return Rows(
        count: part.count, tensors: rows, texts: ["prompts": part],
        shared: Dictionary(uniqueKeysWithValues: try nothing.map { ("unconditional/\($0)", try $1.to(dtype)) }),
        cutOff: cutOff)
    }
    return summary
  }

  struct Rows {
    let count: Int
    let tensors: [String: Tensor]
    let texts: [String: [String]]
    var shared = [String: Tensor]()
    var skipped = [String]()
    let cutOff: Int
  }

  func shards<Item>(
    _ items: [Item], _ writer: ShardWriter, digest: ([Item]) throws -> String, _ summary: inout Summary,
    _ progress: @escaping (Int) throws -> Void, _ make: ([Item], @escaping (Int) throws -> Void) throws -> Rows
  ) throws {
    for start in stride(from: 0, to: items.count, by: shardRows) {
      let part = Array(items[start..<min(start + shardRows, items.count)])
      let source = try digest(part)
      var damage: Failure?
      if try writer.keep(source, damaged: { damage = $0 }) {
        summary.kept += 1
      } else {
        if let damage {
          summary.damaged += 1
          report(.damaged(damage))
        }
        let rows = try make(part) { try progress(start + $0) }
        try writer.write(
          source: source, rows: rows.count, tensors: rows.tensors, texts: rows.texts, shared: rows.shared,
          skipped: rows.skipped)
        summary.cutOff += rows.cutOff
      }
      summary.shards += 1
      try progress(start + part.count)
    }
    (summary.rows, summary.skipped) = (writer.rows.reduce(0, +), writer.skipped.count)
    guard summary.rows > 0 else {
      throw Failure(.malformed, at: folder, "nothing is prepared: none of \(items.count) could be read")
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
      let batch = Array(distinct[start..<end])
      let (tensors, cut) = try noGrad { try pipeline.embed(batch) }
      for (name, tensor) in tensors { parts[name, default: []].append(try stored(tensor, of: batch)) }
      for (text, tokens) in zip(batch, cut) where tokens > 0 { report(.cutOff(text: text, tokens: tokens)) }
      isCut += cut.map { $0 > 0 }
      try done(end)
    }
    let rows = texts.map { places[$0]! }
    return (try parts.mapValues { try concatenated($0).selected(Tensor(rows)) }, rows.count { isCut[$0] })
  }

  /// A network's rows as they are stored.
  ///
  /// - Parameter names: of what each row was made of.
  /// - Throws: `Failure` with the name of the first row that is not finite.
  func stored(_ rows: Tensor, of names: [String]) throws -> Tensor {
    let stored = try rows.to(.cpu).to(dtype)
    guard try stored.nonFiniteCount() > 0 else { return stored }
    let wrong = try names.indices.first { try stored.rows($0..<$0 + 1).nonFiniteCount() > 0 }
    throw Failure(
      .malformed, at: names[wrong ?? 0].prefix(200).description,
      "what the network makes of it is not finite in \(dtype)",
      advice: "Where the weights are sound (`fewstep inspect`), compute in bfloat16 or float32, or store float32.")
  }
}
