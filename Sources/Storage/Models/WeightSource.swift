import Tensors

/// The named tensors of a checkpoint, whatever files they lie in.
public protocol WeightSource: AnyObject, Sendable {
  /// The file, or the first of several, for errors.
  var path: String { get }
  var names: [String] { get }
  func contains(_ name: String) -> Bool
  /// A tensor on the CPU; nobody may write to it.
  ///
  /// - Throws: `StorageError` with the file and the tensor's name.
  func tensor(_ name: String) throws -> Tensor
}

extension SafetensorsFile: WeightSource {}
