import Networks
import Storage
import Tensors

extension WeightSource {
  /// A network over a store that takes its tensors from this checkpoint.
  ///
  /// - Throws: `StorageError` naming the file and the tensor, where one is missing, has another shape, or belongs to no layer.
  func network<Network>(in store: ParameterStore, _ make: (Scope) throws -> Network) throws -> Network {
    func unfit(_ name: String, _ problem: String, expected: [Int]? = nil, got: [Int]? = nil) -> StorageError {
      StorageError(
        .malformed, at: "\(path): \(name)", problem, expected: expected?.description, got: got?.description,
        advice: "The weights are not those of the network that the config.json beside them describes.")
    }
    let network: Network
    do { network = try make(store.root) } catch ParameterError.missing(let name) {
      throw unfit(name, "there is no such tensor")
    } catch ParameterError.shape(let name, let expected, let got) {
      throw unfit(name, "the tensor has another shape", expected: expected, got: got)
    }
    if let name = names.first(where: { store[$0] == nil }) {
      throw unfit(name, "the tensor belongs to no layer of the network")
    }
    return network
  }
}
