import Files
import Networks
import Tensors

extension WeightSource {
  /// Where a store's parameters come from: this checkpoint's tensors of the same names.
  package var parameters: ParameterStore.Source {
    .checkpoint { self.contains($0) ? try self.parameter($0) : nil }
  }

  /// A network over a store that takes its tensors from this checkpoint.
  ///
  /// - Parameter others: how the names of tensors may begin that are not this network's.
  /// - Throws: `Failure` naming the file and the tensor, where one is missing, has another shape, or belongs to no layer.
  package func network<Network>(
    in store: ParameterStore, beside others: [String] = [], _ make: (Scope) throws -> Network
  ) throws -> Network {
    func unfit(_ name: String, _ problem: String, expected: [Int]? = nil, got: [Int]? = nil) -> Failure {
      Failure(
        .malformed, at: "\(path): \(name)", problem, expected: expected?.description, got: got?.description,
        advice: "The weights are those of another architecture than its config says.")
    }
    let network: Network
    do { network = try make(store.root) } catch ParameterError.missing(let name) {
      throw unfit(name, "there is no such tensor")
    } catch ParameterError.shape(let name, let expected, let got) {
      throw unfit(name, "the tensor has another shape", expected: expected, got: got)
    }
    if let name = names.first(where: { store[$0] == nil && !others.contains(where: $0.hasPrefix) }) {
      throw unfit(name, "the tensor belongs to no layer of the network")
    }
    return network
  }
}
