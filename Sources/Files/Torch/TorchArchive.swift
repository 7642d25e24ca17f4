import Tensors

private let asStrided = Operator("aten::as_strided")

/// The archive of a torch file: a pickle that describes tensors, and the storages that they are views of.
struct TorchArchive {
  /// The largest view that may have more elements than its storage (strides of zero repeat them), in bytes.
  private static let maximumExpansion = 1 << 30

  private let zip: ZipArchive
  /// The folder in the archive that contains everything.
  private let prefix: String
  private var path: String { zip.file.path }

  /// - Throws: `Failure.malformed` if the file is not an archive of tensors.
  init(_ file: MappedFile) throws {
    guard ZipArchive.isOne(file) else { throw Self.foreign(file) }
    zip = try ZipArchive(file)
    let pickles = zip.names.filter { $0.hasSuffix("/data.pkl") }
    guard pickles.count == 1, let pickle = pickles.first else {
      throw Failure(
        .malformed, at: file.path, "the archive is none of torch's", expected: "one entry data.pkl",
        got: "\(pickles.count) of \(zip.names.count)")
    }
    prefix = String(pickle.dropLast("/data.pkl".count))
    if zip.contains("\(prefix)/constants.pkl") {
      throw Failure(
        .malformed, at: file.path, "a TorchScript program, not a file of tensors",
        advice: "Save its tensors in Python: torch.save(torch.jit.load(path, \"cpu\").state_dict(), new_path).")
    }
    if let order = try zip.bytes("\(prefix)/byteorder"), order.count < 16 {
      let text = file.withBytes(order.lowerBound, order.count) { String(decoding: $0, as: UTF8.self) }
      guard text == "little" else {
        throw Failure(.malformed, at: file.path, "the byte order", expected: "little", got: text)
      }
    }
  }

  /// The error for a file that is not a ZIP archive.
  private static func foreign(_ file: MappedFile) -> Failure {
    // The format before 1.6: a pickle of protocol 2 that begins with a long number.
    let isLegacy = file.count >= 4 && file.withBytes(0, 4) { $0.elementsEqual([0x80, 2, 0x8A, 0x0A]) }
    return Failure(
      .malformed, at: file.path,
      isLegacy ? "written in the format of before PyTorch 1.6" : "not a file of torch's",
      expected: "a ZIP archive, as `torch.save` writes it",
      advice: isLegacy
        ? "Write it again in Python: torch.save(torch.load(path, map_location=\"cpu\", weights_only=True), path)."
        : "Check that the whole file was downloaded, and no page or pointer in its place.")
  }

  func pickle() throws -> Pickle {
    guard let entry = try zip.bytes("\(prefix)/data.pkl") else { throw Self.foreign(zip.file) }
    return try zip.file.withBytes(entry.lowerBound, entry.count) {
      try Pickle($0, place: "\(path): \(prefix)/data.pkl")
    }
  }

  /// - Throws: `Failure.malformed` if the tensor exceeds its storage, or the storage exceeds the file.
  func check(_ tensor: TorchTensor, _ place: String) throws { _ = try span(tensor, place) }

  /// The tensor, which must have been checked. A view that is not contiguous is made from the mapped range that it
  /// spans.
  func tensor(_ tensor: TorchTensor) throws -> Tensor {
    let span = try span(tensor, path)
    if tensor.isContiguous { return try zip.file.tensor(span.lowerBound, shape: tensor.shape, dtype: tensor.dtype) }
    let part = try zip.file.tensor(
      span.lowerBound, shape: [span.count / tensor.dtype.byteCount], dtype: tensor.dtype)
    return try asStrided(.tensor(part), .ints(tensor.shape), .ints(tensor.strides))
  }

  /// The bytes of the file from the tensor's first element to its last.
  private func span(_ tensor: TorchTensor, _ place: String) throws -> Range<Int> {
    let storage = tensor.storage
    guard let bytes = try zip.bytes("\(prefix)/data/\(storage.key)") else {
      throw Failure(.malformed, at: place, "its storage '\(storage.key)' is not in the archive")
    }
    let available = storage.count.multipliedReportingOverflow(by: storage.dtype?.byteCount ?? 1)
    guard !available.overflow, available.partialValue <= bytes.count else {
      throw Failure(
        .malformed, at: place, "its storage '\(storage.key)' is too short",
        expected: "\(storage.count) elements of \(storage.dtype?.name ?? "uint8")", got: "\(bytes.count) bytes")
    }
    guard let extent = tensor.extent, extent.upperBound <= available.partialValue / tensor.dtype.byteCount else {
      throw Failure(
        .malformed, at: place, "the tensor does not lie inside its storage of \(available.partialValue) bytes",
        got: "\(tensor.dtype.name)\(tensor.shape) with strides \(tensor.strides) from element \(tensor.offset) on")
    }
    guard tensor.count <= max(available.partialValue, Self.maximumExpansion) / tensor.dtype.byteCount else {
      throw Failure(
        .malformed, at: place, "\(available.partialValue) bytes are said to be a tensor of shape \(tensor.shape)")
    }
    let start = bytes.lowerBound + extent.lowerBound * tensor.dtype.byteCount
    return start..<start + extent.count * tensor.dtype.byteCount
  }
}

extension TorchTensor {
  /// The range of the storage's elements from the first to the last in use; nil if no storage could hold them.
  fileprivate var extent: Range<Int>? {
    guard shape.count == strides.count, shape.count <= 64, offset >= 0,
      shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 })
    else { return nil }
    // A possible tensor's number of elements does not overflow.
    var (count, last) = (1, offset)
    for (size, stride) in zip(shape, strides) {
      let product = count.multipliedReportingOverflow(by: max(size, 1))
      let step = (max(size, 1) - 1).multipliedReportingOverflow(by: stride)
      let sum = last.addingReportingOverflow(step.partialValue)
      guard !product.overflow, !step.overflow, !sum.overflow else { return nil }
      (count, last) = (product.partialValue, sum.partialValue)
    }
    if shape.contains(0) { return 0..<0 }
    return last == .max ? nil : offset..<last + 1
  }

  /// The number of elements of a tensor that has an extent.
  fileprivate var count: Int { shape.reduce(1, *) }

  fileprivate var isContiguous: Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      if stride != expected { return shape.contains(0) }
      expected *= size
    }
    return true
  }
}
