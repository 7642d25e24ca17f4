import Networks
import Tensors

extension WeightSource {
  /// A source of a store's parameters: this checkpoint's tensors of the same names.
  public var parameters: ParameterStore.Source {
    .checkpoint { self.contains($0) ? try self.parameter($0) : nil }
  }

  /// Makes a network and checks that it matches this checkpoint: every parameter has a tensor, and every tensor a
  /// parameter.
  ///
  ///     let weights = try Weights.open("model.safetensors")
  ///     let store = ParameterStore(weights.parameters, dtype: .bfloat16, device: device)
  ///     let network = try weights.network(in: store) { try MyNetwork($0, configuration) }
  ///
  /// - Parameters:
  ///   - store: must take its tensors from `parameters`.
  ///   - others: prefixes of tensors that belong to other networks.
  /// - Throws: `Failure` naming the file and the tensor that is missing, has another shape, or belongs to no layer.
  public func network<Network>(
    in store: ParameterStore, ignoring others: [String] = [], _ make: (Scope) throws -> Network
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
