import Tensors

/// A file that `torch.save` wrote (.pt, .pth, .bin, .ckpt): only tensors, in nested dictionaries and lists of any
/// depth.
///
/// Nothing in the file is executed: its pickle is read as data, and any object other than a tensor, container, number
/// or text is refused by name. The numbers are mapped from disk, not copied, unless a view is not contiguous.
///
/// A nested tensor's name is its path with dots, as in "optimizer.state.0.exp_avg". If a single entry of the outermost
/// dictionary holds all tensors, as in `{"state_dict": {...}, "epoch": 3}`, names begin below it. A lone tensor is
/// named "tensor".
public final class TorchFile: WeightSource {
  public let path: String
  /// The tensors' names in the order of the file.
  public let names: [String]
  /// The outermost entry that is left out of the names; nil if there is none.
  public let wrapper: String?
  /// The outermost numbers and texts, such as "epoch".
  public let metadata: [String: String]
  private let archive: TorchArchive
  private let tensors: [String: TorchTensor]

  /// - Throws: `Failure`: `.missing`, or `.malformed` if the file is not one of torch's, is damaged, is in the format
  ///   before PyTorch 1.6, or contains objects other than tensors.
  public init(_ path: String) throws {
    self.path = path
    archive = try TorchArchive(try MappedFile(path))
    let contents = try TorchContents(try archive.pickle(), place: path)
    names = contents.tensors.map(\.name)
    wrapper = contents.wrapper
    metadata = contents.metadata
    var tensors: [String: TorchTensor] = [:]
    for (name, tensor) in contents.tensors {
      try archive.check(tensor, "\(path): \(name)")
      guard tensors.updateValue(tensor, forKey: name) == nil else {
        throw Failure(.malformed, at: "\(path): \(name)", "two tensors have this name")
      }
    }
    self.tensors = tensors
  }

  public func contains(_ name: String) -> Bool { tensors[name] != nil }

  /// A tensor on the CPU over the file's own bytes; it must not be written to. It keeps the mapping alive.
  public func tensor(_ name: String) throws -> Tensor {
    guard let tensor = tensors[name] else { throw absent(name) }
    return try archive.tensor(tensor)
  }
}
