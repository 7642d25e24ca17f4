import Networks
import Tensors
import Testing

/// A store of new parameters.
func randomStore(_ seed: Int = 0) -> ParameterStore { ParameterStore(.random(seed: seed)) }

/// Writes numbers into a parameter.
func fill(_ parameter: Parameter, _ values: [Double]) throws {
  try noGrad { try parameter.value.copy(from: Tensor(values, shape: parameter.value.shape).to(.float32)) }
}

/// Gives a parameter this gradient.
func pull(_ parameter: Parameter, _ gradient: [Double]) throws {
  try parameter.value.setGradient(Tensor(gradient, shape: parameter.value.shape).to(.float32))
}
