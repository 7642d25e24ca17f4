import Tensors

extension SettingsReader {
  /// The dtype in which a frozen model is kept and computed, at `precision`.
  public func precision(_ help: String) -> DType {
    DType(name: oneOf("precision", ["float32", "bfloat16", "float16"], default: "float32", help)) ?? .float32
  }
}
