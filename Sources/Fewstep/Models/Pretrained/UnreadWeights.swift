import Files
import Networks
import Tensors

/// The weights of a network on the meta device, which has shapes alone: no file is opened.
public final class UnreadWeights: WeightSource {
  public let path: String
  public let names = [String]()

  public init(_ path: String) { self.path = path }
  public func contains(_ name: String) -> Bool { false }
  public func tensor(_ name: String) throws -> Tensor { throw ParameterError.missing(name) }
}
