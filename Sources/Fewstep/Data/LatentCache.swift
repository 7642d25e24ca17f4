import Files
import Tensors

/// Turns prompts into embeddings, and images or videos into latents, shard by shard. Existing shards from the same source and
/// the same networks are verified and reused, so a call may be interrupted at any time and repeated.
public struct LatentCache {
  let codec: any Codec
  let conditioner: any TextConditioner
  let geometry: (MediaFrame) -> [String: [Float]]
  public let folder: String
  /// The number of rows in a shard.
  public let shardRows: Int
  /// The number of rows that a network gets at once.
  public let batch: Int
  /// The dtype in which embeddings and latents are stored.
  public let dtype: DType
  /// Called for each item that was cut off, skipped or made again, as it is found.
  public var report: (Finding) -> Void = { _ in }

  public init(_ model: any PretrainedModel, into folder: String, shardRows: Int, batch: Int, dtype: DType) {
    self.init(
      model.codec, model.conditioner, geometry: model.geometry, into: folder, shardRows: shardRows, batch: batch,
      dtype: dtype)
  }

  init(
    _ codec: any Codec, _ conditioner: any TextConditioner, geometry: @escaping (MediaFrame) -> [String: [Float]],
    into folder: String, shardRows: Int, batch: Int, dtype: DType
  ) {
    (self.codec, self.conditioner, self.geometry) = (codec, conditioner, geometry)
    self.folder = folder
    self.shardRows = shardRows
    self.batch = batch
    self.dtype = dtype
  }

  public enum Finding {
    /// The encoders do not read this many tokens at the end of the prompt.
    case cutOff(prompt: String, tokens: Int)
    /// An image or video cannot be read and was left out.
    case skipped(Failure)
    /// An existing shard is damaged and is made again.
    case damaged(Failure)
  }

  /// The counts of one call.
  public struct Summary: Encodable, Sendable {
    public var rows = 0
    public var shards = 0
    /// Existing shards that were reused.
    public var kept = 0
    /// Existing shards that were damaged and made again.
    public var damaged = 0
    /// Images or videos that could not be read, over all shards.
    public var skipped = 0
    /// Prompts longer than the encoders read: their ends were cut off.
    public var cutOff = 0
  }

  /// Prompts -> datasets "prompts", the embeddings by the denoiser's names, and "unconditional/NAME".
  ///
  /// - Parameter origin: the source of the prompts, such as a file: shards from another source are not replaced.
  /// - Throws: `Failure` if the folder holds another data set, or an embedding is not finite.
  public func prompts(
    _ prompts: [String], from origin: String = "", progress: @escaping (Int) throws -> Void = { _ in }
  ) throws -> Summary {
    let fingerprint = try conditioner.fingerprint().merging(["dtype": dtype.name])
    let writer = try ShardWriter(folder, kind: "prompts", fingerprint, origin: origin)
    var summary = Summary()
    let nothing = try noGrad { try conditioner.nothing() }
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
      throw Failure(.malformed, at: folder, "nothing was prepared: none of \(items.count) could be read")
    }
    try writer.finish()
  }

  func embedded(_ prompts: [String], _ done: (Int) throws -> Void) throws -> (rows: [String: Tensor], cutOff: Int) {
    // A repeated prompt is embedded once: data sets often have only a few different captions.
    var places = [String: Int]()
    let distinct = prompts.filter { prompt in
      defer { places[prompt] = places[prompt] ?? places.count }
      return places[prompt] == nil
    }
    var parts = [String: [Tensor]]()
    var isCut = [Bool]()
    for start in stride(from: 0, to: distinct.count, by: batch) {
      let end = min(start + batch, distinct.count)
      let batch = Array(distinct[start..<end])
      let (tensors, cut) = try noGrad { try conditioner.embed(batch) }
      for (name, tensor) in tensors { parts[name, default: []].append(try stored(tensor, of: batch)) }
      for (prompt, tokens) in zip(batch, cut) where tokens > 0 { report(.cutOff(prompt: prompt, tokens: tokens)) }
      isCut += cut.map { $0 > 0 }
      try done(end)
    }
    let rows = prompts.map { places[$0]! }
    return (try parts.mapValues { try concatenated($0).selected(Tensor(rows)) }, rows.count { isCut[$0] })
  }

  /// A network's output as it is stored.
  ///
  /// - Parameter names: the prompt, image or video of each row.
  /// - Throws: `Failure` with the name of the first row that is not finite.
  func stored(_ rows: Tensor, of names: [String]) throws -> Tensor {
    let stored = try rows.to(.cpu).to(dtype)
    guard try stored.nonFiniteCount() > 0 else { return stored }
    let wrong = try names.indices.first { try stored.rows($0..<$0 + 1).nonFiniteCount() > 0 }
    throw Failure(
      .malformed, at: names[wrong ?? 0].prefix(200).description,
      "the network's output is not finite in \(dtype)",
      advice: "If the weights are sound (`fewstep inspect`), compute in bfloat16 or float32, or store float32.")
  }
}
