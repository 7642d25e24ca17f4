// Products and decompositions.

private let matmulOf = Operator("aten::matmul")
private let linearOf = Operator("aten::linear")
private let symmetricEigen = Operator("aten::linalg_eigh")
private let choleskyOf = Operator("aten::linalg_cholesky")
private let distances = Operator("aten::cdist")
private let traceOf = Operator("aten::trace")

public func matmul(_ a: Tensor, _ b: Tensor) throws -> Tensor { try matmulOf(.tensor(a), .tensor(b)) }

/// x [..., in] · weightᵀ [out, in] + bias [out].
public func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) throws -> Tensor {
  try linearOf(.tensor(x), .tensor(weight), .tensor(bias))
}

extension Tensor {
  /// For a symmetric matrix [n, n]: eigenvalues [n], ascending, and eigenvectors [n, n] in columns.
  public func symmetricEigen() throws -> (values: Tensor, vectors: Tensor) {
    let both = try Tensors.symmetricEigen.many(.tensor(self))
    return (both[0], both[1])
  }

  /// The lower triangular factor of a positive definite matrix [n, n].
  public func cholesky() throws -> Tensor { try choleskyOf(.tensor(self)) }

  public func trace() throws -> Tensor { try traceOf(.tensor(self)) }

  /// Euclidean distances between rows: [n, d], [m, d] -> [n, m].
  public func distances(to other: Tensor) throws -> Tensor { try Tensors.distances(.tensor(self), .tensor(other)) }
}
