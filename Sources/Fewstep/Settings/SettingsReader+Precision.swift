import Tensors

extension SettingsReader {
  /// The dtype in which a frozen model is kept and computed, at `precision`. One that the recipe's device does not have is noted.
  public func precision(_ meaning: String) -> DType {
    let precision = choice("precision", default: Precision.float32, meaning)
    let absence = device.flatMap { precision.absence(on: $0) }
    require(absence == nil, at: "precision", absence ?? "")
    return precision.dtype
  }
}
