import Tensors

/// One layer's low-rank update. `up` includes the factor alpha / rank, so alpha equals the rank: some programs ignore
/// alpha.
public struct Adapter {
  public let layer: String
  /// [rank, in, ...]
  public let down: Tensor
  /// [out, rank, ...]
  public let up: Tensor
}

/// The names that programs which load adapters give to tensors.
public struct AdapterFormat {
  /// An adapter's tensors by their names in the file; nil if the format has no name for the layer.
  let tensors: (Adapter) throws -> [(name: String, tensor: Tensor)]?

  public init(_ tensors: @escaping (Adapter) throws -> [(name: String, tensor: Tensor)]?) { self.tensors = tensors }

  /// PEFT's and diffusers' names: COMPONENT.LAYER.lora_A.weight.
  public static func peft(_ component: String) -> AdapterFormat {
    AdapterFormat {
      [
        ("\(component).\($0.layer).lora_A.weight", $0.down), ("\(component).\($0.layer).lora_B.weight", $0.up),
      ]
    }
  }

  /// The names of kohya's scripts and of ComfyUI: PREFIX_LAYER_WITH_UNDERSCORES.lora_down.weight.
  ///
  /// - Parameter layers: which layers have a name there.
  public static func kohya(_ prefix: String, layers: @escaping (String) -> Bool) -> AdapterFormat {
    AdapterFormat { adapter in
      guard layers(adapter.layer) else { return nil }
      let name = "\(prefix)_" + adapter.layer.replacing(".", with: "_")
      return [
        ("\(name).lora_down.weight", adapter.down), ("\(name).lora_up.weight", adapter.up),
        ("\(name).alpha", try .full([], Double(adapter.down.shape[0]), .float32)),
      ]
    }
  }
}
