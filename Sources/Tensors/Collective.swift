/// The processes that train one student together. Each has all networks or its shards of them, and trains its part of every
/// batch.
///
/// Laws:
/// - After a call, its results are the same on every rank, bit for bit.
/// - All ranks make the same calls in the same order. A call returns when all ranks have made it; what is `started` returns at
///   once, and its result is waited for.
/// - A failure reaches all: if one rank aborts, the calls of the others throw.
public protocol Collective: AnyObject {
  /// 0..<`count`. Rank 0 writes the run's files.
  var rank: Int { get }
  var count: Int { get }
  /// What the other ranks do for the first while it works alone.
  var requests: Requests { get }

  /// Starts the sum of the ranks' tensors, which have one shape. The tensor's memory may be used for it.
  func startSum(_ tensor: Tensor) throws -> PendingTensor

  /// Starts to collect the ranks' tensors [n, ...] as [count · n, ...].
  func startGather(_ piece: Tensor) throws -> PendingTensor

  /// Starts the sum of the ranks' tensors [count · n, ...], of which each rank gets its rows [n, ...].
  func startScatteredSum(_ whole: Tensor) throws -> PendingTensor

  /// Copies one rank's tensors into the others', in place.
  func broadcast(_ tensors: [Tensor], from rank: Int) throws

  /// Some of the ranks, this one among them, with sums and gathers of their own. Each of them makes the group. Requests, words
  /// and failures are the whole's.
  func group(of ranks: [Int]) throws -> any Collective

  /// The first rank's next word on every rank. The others wait for it, however long it takes.
  ///
  /// - Parameter own: the word, on the first rank.
  func word(_ own: Int) throws -> Int

  /// Ends the group because of an error on this rank, so that no other rank waits for it.
  func abort(_ error: any Error)
}

/// What the first rank may ask of the others while it works alone, such as their shards of a block.
public final class Requests {
  /// Whether the first rank works alone.
  public fileprivate(set) var isAlone = false
  fileprivate var answers = [(Int) throws -> Void]()

  /// The most requests that there can be.
  fileprivate static let limit = 1 << 20

  public init() {}

  /// - Parameter answer: what the other ranks do; it gets the request's argument. All ranks register the same requests in the
  ///   same order.
  /// - Returns: the number of the request.
  public func register(_ answer: @escaping (_ argument: Int) throws -> Void) -> Int {
    answers.append(answer)
    return answers.count - 1
  }
}

/// One process alone.
public final class Single: Collective {
  public let requests = Requests()

  public init() {}

  public var rank: Int { 0 }
  public var count: Int { 1 }
  public func startSum(_ tensor: Tensor) -> PendingTensor { PendingTensor { tensor } }
  public func startGather(_ piece: Tensor) -> PendingTensor { PendingTensor { piece } }
  public func startScatteredSum(_ whole: Tensor) -> PendingTensor { PendingTensor { whole } }
  public func broadcast(_ tensors: [Tensor], from rank: Int) {}
  public func group(of ranks: [Int]) -> any Collective { self }
  public func word(_ own: Int) -> Int { own }
  public func abort(_ error: any Error) {}
}

extension Collective {
  /// Adds up the ranks' tensors in place, in buckets. They have the same shapes in the same order. Tensors of less than 32 bits
  /// are added in float32.
  public func sum(_ tensors: [Tensor]) throws {
    guard count > 1 else { return }
    try noGrad {
      let buckets = Bucket.divided(tensors)
      for (bucket, sum) in try buckets.map({ ($0, try startSum($0.flat())) }) { try bucket.take(sum.wait()) }
    }
  }

  /// Adds up the ranks' numbers.
  public func sum(_ numbers: [Double]) throws -> [Double] {
    guard count > 1 else { return numbers }
    return try startSum(Tensor(numbers)).wait().doubles()
  }

  /// Whether it is true on any rank.
  public func any(_ condition: Bool) throws -> Bool { try sum([condition ? 1 : 0])[0] > 0 }

  /// Collects the values [batch, ...] of a whole batch from each rank's rows [range.count, ...]. The ranges partition the
  /// batch.
  public func gather(_ rows: Tensor, _ range: Range<Int>, of batch: Int) throws -> Tensor {
    guard count > 1 else { return rows }
    return try noGrad {
      let all = try Tensor.zeros([batch] + rows.shape.dropFirst(), rows.dtype, on: rows.device)
      try all.rows(range).copy(from: rows)
      return try startSum(all).wait()
    }
  }

  /// Runs `decide` on the first rank alone, and returns its decision, 0 or more, on every rank. Meanwhile the others answer the
  /// first rank's requests.
  public func agree(_ decide: () throws -> Int) throws -> Int {
    guard count > 1 else { return try decide() }
    guard rank > 0 else {
      requests.isAlone = true
      defer { requests.isAlone = false }
      return try word(decide())
    }
    while true {
      let next = try word(0)
      guard next < 0 else { return next }
      let request = -1 - next
      try requests.answers[request % Requests.limit](request / Requests.limit)
    }
  }

  /// Tells the other ranks to do what was registered under this number. Only for the first rank while it is alone.
  ///
  /// - Parameter argument: a number for them, 0 or more.
  public func request(_ number: Int, _ argument: Int = 0) throws {
    _ = try uninterrupted { try word(-1 - (argument * Requests.limit + number)) }
  }

  /// As `request`, for what was registered with a text.
  public func request(_ number: Int, text: String) throws {
    let bytes = text.utf8.map(Int.init)
    try uninterrupted {
      try request(number, bytes.count)
      try broadcast([Tensor(bytes)], from: 0)
    }
  }

  /// - Parameter answer: what the other ranks do; it gets the request's text.
  public func register(_ answer: @escaping (_ text: String) throws -> Void) -> Int {
    requests.register { [unowned self] count in
      let bytes = try Tensor(Array(repeating: 0, count: count))
      try broadcast([bytes], from: 0)
      try answer(String(decoding: bytes.integers().map { UInt8($0) }, as: UTF8.self))
    }
  }

  /// Runs `body` on the first rank; nil on the others.
  public func onFirst<R>(_ body: () throws -> R) rethrows -> R? { rank == 0 ? try body() : nil }

  /// Runs `body`; an error in it ends the group.
  public func aborting<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch {
      abort(error)
      throw error
    }
  }
}

/// Tensors that travel as one.
public struct Bucket {
  /// As DDP's.
  private static let bytes = 25 << 20

  public private(set) var tensors = [Tensor]()
  private var size = 0
  /// In which they travel.
  public let dtype: DType

  private init(_ dtype: DType) { self.dtype = dtype }

  /// In order, by dtype and size.
  public static func divided(_ tensors: [Tensor]) -> [Bucket] {
    var buckets = [Bucket]()
    for tensor in tensors {
      let dtype = tensor.dtype.byteCount < 4 ? .float32 : tensor.dtype
      if buckets.last.map({ $0.dtype != dtype || $0.size >= bytes }) ?? true { buckets.append(Bucket(dtype)) }
      buckets[buckets.count - 1].tensors.append(tensor)
      buckets[buckets.count - 1].size += tensor.count * dtype.byteCount
    }
    return buckets
  }

  /// All of them, which have one dtype, as one.
  public init(_ tensors: [Tensor]) {
    self.init(tensors.first.map { $0.dtype.byteCount < 4 ? .float32 : $0.dtype } ?? .float32)
    self.tensors = tensors
  }

  /// The tensors' values in a row, in the order of their memory: the weights of two-dimensional convolutions are stored channels
  /// last.
  public func flat() throws -> Tensor {
    try concatenated(tensors.map { try ($0.rank == 4 ? $0.permuted([0, 2, 3, 1]) : $0).reshaped([-1]).to(dtype) })
  }

  /// The tensors that such a row holds, as views of it, in their dtypes.
  public func views(_ flat: Tensor) throws -> [Tensor] {
    try zip(tensors, flat.split(tensors.map(\.count), 0)).map { tensor, part in
      let shape = tensor.shape
      guard shape.count == 4 else { return try part.reshaped(shape).to(tensor.dtype) }
      return try part.reshaped([shape[0], shape[2], shape[3], shape[1]]).permuted([0, 3, 1, 2]).to(tensor.dtype)
    }
  }

  /// Copies values in a row into the tensors.
  public func take(_ flat: Tensor) throws {
    for (tensor, view) in zip(tensors, try views(flat)) { try tensor.copy(from: view) }
  }
}
