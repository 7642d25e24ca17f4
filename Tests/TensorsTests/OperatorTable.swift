import Tensors

/// One call of our functions, with the operators that it uses.
struct OperatorCase: Sendable {
  let name: String
  let operators: [String]
  let run: @Sendable ([Tensor]) throws -> [Tensor]
}

/// The counterpart of the case with this name in make_operators.py.
private func on(
  _ name: String, _ operators: String..., run: @escaping @Sendable ([Tensor]) throws -> [Tensor]
) -> OperatorCase {
  OperatorCase(name: name, operators: operators.map { "aten::" + $0 }, run: run)
}

enum OperatorTable {
  static let cases: [OperatorCase] =
    arithmetic + creation + shape + pointwise + reductions + indexing + linearAlgebra + networks + foreach

  private static let arithmetic: [OperatorCase] = [
    on("add", "add.Tensor") { [try $0[0] + $0[1]] },
    on("add a number", "add.Scalar") { [try $0[0] + 1.5, try -0.25 + $0[0]] },
    on("add promotes", "add.Tensor", "add.Scalar") { [try $0[0] + $0[1], try $0[1] + 0.5] },
    on("subtract", "sub.Tensor") { [try $0[0] - $0[1]] },
    on("subtract a number", "sub.Scalar", "rsub.Scalar") { [try $0[0] - 1.5, try 2.5 - $0[0]] },
    on("multiply", "mul.Tensor") { [try $0[0] * $0[1]] },
    on("multiply by a number", "mul.Scalar") { [try $0[0] * 1.5, try -2.5 * $0[0]] },
    on("divide", "div.Tensor") { [try $0[0] / $0[1]] },
    on("divide by a number", "div.Scalar") { [try $0[0] / 3.0] },
    on("divide a number", "reciprocal") { [try 3.0 / $0[0]] },
    on("negate", "neg") { [try -$0[0]] },
    on("power", "pow.Tensor_Scalar") { [try $0[0].power(2.5), try $0[0].power(-1), try $0[0].power(0.5)] },
    on("square", "mul.Tensor") { [try $0[0].squared()] },
    on("elementwise maximum", "maximum") { [try maximum($0[0], $0[1])] },
    on("elementwise minimum", "minimum") { [try minimum($0[0], $0[1])] },
  ]

  private static let creation: [OperatorCase] = [
    on("zeros", "zeros", "zeros_like") { [try .zeros([2, 3]), try .zeros([2], .int64), try $0[0].zerosLike()] },
    on("ones", "ones") { [try .ones([2, 3]), try .ones([2], .bool), try $0[0].onesLike()] },
    on("empty", "empty.memory_format", "fill_.Scalar") { _ in
      let memory = try Tensor.empty([2, 3])
      try memory.fill(7)
      return [memory]
    },
    on("full", "full") { _ in [try .full([2, 2], 0.3), try .full([], 3, .float64), try .full([2], 5, .int64)] },
    on("range", "arange.start_step") { _ in
      [
        try .range(to: 5), try .range(1, to: 2, by: 0.25), try .range(2, to: 9, by: 3, .int64),
        try .range(3, to: 0, by: -1),
      ]
    },
    on("linspace", "linspace") { _ in [try .linspace(-1, 1, 5), try .linspace(3, 0, 4, .float64)] },
    on("identity", "eye") { _ in [try .identity(3), try .identity(2, .int64)] },
    on("one-hot", "one_hot") { [try $0[0].oneHot(4)] },
  ]

  private static let shape: [OperatorCase] = [
    on("reshape", "reshape") { [try $0[0].reshaped([6, 4]), try $0[0].reshaped([-1])] },
    on("permute", "permute") { [try $0[0].permuted([2, 0, 1])] },
    on("transpose", "transpose.int") { [try $0[0].transposed(-2, -1)] },
    on("unsqueeze", "unsqueeze") { [try $0[0].unsqueezed(1), try $0[0].unsqueezed(-1)] },
    on("squeeze", "squeeze.dim") { [try $0[0].squeezed(1), try $0[0].squeezed(0)] },
    on("expand", "expand") { [try $0[0].expanded([2, 3, -1])] },
    on("repeat", "repeat") { [try $0[0].repeated([2, 3])] },
    on("repeat interleaved", "expand") {
      [try $0[0].repeatInterleaved(2), try $0[0].repeatInterleaved(3, 1)]
    },
    on("flip", "flip") { [try $0[0].flipped([0, 2])] },
    on("roll", "roll") { [try $0[0].rolled([1, -2], [0, 2])] },
    on("lower triangle", "tril") { [try $0[0].lowerTriangle()] },
    on("broadcast to a rank", "reshape") { [try $0[0].broadcast(toRank: 4)] },
    on("chunk", "chunk") { try $0[0].chunked(2, 1) },
    on("split", "split_with_sizes") { try $0[0].split([1, 3], -1) },
    on("pad", "constant_pad_nd") { [try $0[0].padded([1, 0, 0, 2]), try $0[0].padded([0, 1], value: -1.5)] },
    on("space to depth", "pixel_unshuffle") { [try $0[0].spaceToDepth(2)] },
    on("depth to space", "pixel_shuffle") { [try $0[0].depthToSpace(2)] },
    on("contiguous", "contiguous") { [try $0[0].transposed(0, 1).contiguous()] },
    on("clone", "clone") { [try $0[0].cloned()] },
    on("detach", "detach") { [try $0[0].detached()] },
    on("convert", "to.dtype_layout") { x in
      try [DType.float64, .bfloat16, .float16, .int32, .bool].map { try x[0].to($0) }
    },
    on("concatenate", "cat") { [try concatenated([$0[0], $0[1]]), try concatenated([$0[0], $0[0], $0[1]], -1)] },
    on("stack", "stack") { [try stacked([$0[0], $0[1]]), try stacked([$0[0], $0[1]], -1)] },
  ]

  private static let pointwise: [OperatorCase] = [
    on("exp", "exp") { [try exp($0[0])] },
    on("log", "log") { [try log($0[0])] },
    on("sqrt", "sqrt") { [try sqrt($0[0])] },
    on("sin", "sin") { [try sin($0[0])] },
    on("cos", "cos") { [try cos($0[0])] },
    on("tanh", "tanh") { [try tanh($0[0])] },
    on("abs", "abs") { [try abs($0[0])] },
    on("sigmoid", "sigmoid") { [try sigmoid($0[0])] },
    on("silu", "silu") { [try silu($0[0])] },
    on("relu", "relu") { [try relu($0[0])] },
    on("softplus", "softplus") { [try softplus($0[0])] },
    on("gelu, exact", "gelu") { [try gelu($0[0])] },
    on("gelu, tanh", "gelu") { [try gelu($0[0], .tanh)] },
    on("gelu, quick", "sigmoid", "mul.Tensor", "mul.Scalar") { [try gelu($0[0], .quick)] },
    on("sign", "sign") { [try $0[0].sign()] },
    on("round", "round") { [try $0[0].rounded()] },
    on("floor", "floor") { [try $0[0].floor()] },
    on("clamp", "clamp") {
      [try $0[0].clamped(-1, 0.75), try $0[0].clamped(-0.25, nil), try $0[0].clamped(nil, 0.25)]
    },
    on("nan to number", "nan_to_num") { [try $0[0].nanToNumber()] },
    on("is finite", "isfinite") { [try $0[0].isFinite()] },
    on("equal", "eq.Tensor") { [try $0[0].equal(to: $0[1])] },
    on("equal to a number", "eq.Scalar") { [try $0[0].equal(to: 0.5)] },
    on("less than a number", "lt.Scalar") { [try $0[0].less(than: 0.5)] },
    on("greater than a number", "gt.Scalar") { [try $0[0].greater(than: 0.5)] },
    on("less or equal", "le.Tensor") { [try $0[0].lessOrEqual(to: $0[1])] },
    on("fill where", "masked_fill.Scalar") { [try $0[0].filled(where: $0[1], with: -7)] },
    on("select", "where.self") { [try select($0[0], $0[1], $0[2])] },
  ]

  private static let reductions: [OperatorCase] = [
    on("sum", "sum") { [try sum($0[0])] },
    on("sum over dimensions", "sum.dim_IntList") { [try $0[0].sum([1]), try $0[0].sum([0, -1], keeping: true)] },
    on("mean", "mean") { [try mean($0[0])] },
    on("mean over dimensions", "mean.dim") { [try $0[0].mean([1]), try $0[0].mean([0, -1], keeping: true)] },
    on("mean of each sample", "mean.dim") { [try $0[0].meanPerSample(), try $0[1].meanPerSample()] },
    on("variance", "var.correction") {
      [try $0[0].variance([1]), try $0[0].variance([0, 2], correction: 0), try $0[0].variance([2], keeping: true)]
    },
    on("maximum over dimensions", "amax") { [try $0[0].maximum([0, 2]), try $0[0].maximum([1], keeping: true)] },
    on("minimum over dimensions", "amin") { [try $0[0].minimum([0, 2]), try $0[0].minimum([1], keeping: true)] },
    on("argmax", "argmax") { [try $0[0].argmax(1), try $0[0].argmax(-1)] },
    on("all", "all") { [try Tensor([$0[0].all()], shape: []), try Tensor([$0[1].all()], shape: [])] },
    on("log-sum-exp", "logsumexp") { [try $0[0].logSumExp([1]), try $0[0].logSumExp([0, 1], keeping: true)] },
    on("softmax", "softmax.int") { [try $0[0].softmax(-1), try $0[0].softmax(0)] },
    on("log-softmax", "log_softmax.int") { [try $0[0].logSoftmax(-1), try $0[0].logSoftmax(0)] },
    on("norm", "linalg_vector_norm") {
      [try $0[0].norm(), try $0[0].norm([1, 2]), try $0[0].norm([0], keeping: true)]
    },
    on("top", "topk") {
      let (most, least) = (try $0[0].top(2), try $0[0].top(3, largest: false))
      return [most.values, most.indices, least.values, least.indices]
    },
    on("sort", "sort") {
      let (up, down) = (try $0[0].sorted(), try $0[0].sorted(0, descending: true))
      return [up.values, up.indices, down.values, down.indices]
    },
    on("cumulative sum", "cumsum") { [try $0[0].cumulativeSum(0), try $0[0].cumulativeSum(-1)] },
  ]

  private static let indexing: [OperatorCase] = [
    on("index at positions", "select.int") {
      [try $0[0][1], try $0[0][-1, 2], try $0[0][.ellipsis, 0], try $0[0][.all, 1]]
    },
    on("index ranges", "slice.Tensor") {
      [
        try $0[0][.all, .range(1, 3)], try $0[0][.ellipsis, .range(-2, nil)],
        try $0[0][.all, .range(nil, -1), .range(nil, nil, step: 2)], try $0[0][.range(nil, 1), .range(2, 2)],
      ]
    },
    on("index with new axes", "unsqueeze") {
      [try $0[0][.newAxis, 0], try $0[0][.ellipsis, .newAxis], try $0[0][.all, .newAxis, .range(1, nil), 0]]
    },
    on("index with tensors", "index.Tensor") { x in
      let (i, j) = (TensorIndex.tensor(x[1]), TensorIndex.tensor(x[2]))
      return [try x[0][i], try x[0][.all, .all, i], try x[0][.all, j, i], try x[0][0, .ellipsis, i]]
    },
    on("index with masks", "index.Tensor") {
      [try $0[0][.all, .tensor($0[1])], try $0[0][.tensor($0[2])], try $0[0][.tensor($0[2]), .tensor($0[3])]]
    },
    on("index with a mask at the end", "index.Tensor") { [try $0[0][.ellipsis, .tensor($0[1])]] },
    on("assign", "index_put_", "copy_") { x in
      try x[0].assign(x[1], at: .tensor(x[2]), .range(1, 3))
      try x[0].assign(.full([], 9), at: .all, .tensor(x[3]))
      try x[0].assign(.full([], 5), at: 0, 0)
      return [x[0]]
    },
    on("select rows", "index_select") { [try $0[0].selected($0[1]), try $0[0].selected($0[1], 2)] },
    on("gather", "gather") { [try $0[0].gathered($0[1], 1)] },
    on("copy", "copy_") { x in
      try x[0].copy(from: x[1])
      return [x[0]]
    },
    on("fill", "fill_.Scalar") { x in
      try x[0].fill(2.5)
      return [x[0]]
    },
  ]

  private static let linearAlgebra: [OperatorCase] = [
    on("matrix product", "matmul") {
      [try matmul($0[0], $0[1]), try matmul($0[1].transposed(0, 1), $0[0].transposed(-2, -1))]
    },
    on("linear", "linear") { [try linear($0[0], $0[1]), try linear($0[0], $0[1], $0[2])] },
    on("symmetric eigen", "linalg_eigh") {
      let (values, vectors) = try $0[0].symmetricEigen()
      return [values, try abs(vectors)]
    },
    on("cholesky", "linalg_cholesky") { [try $0[0].cholesky()] },
    on("trace", "trace") { [try $0[0].trace()] },
    on("distances", "cdist") { [try $0[0].distances(to: $0[1])] },
  ]

  private static let networks: [OperatorCase] = [
    on("convolution, 1 dimension", "conv1d") {
      [
        try convolution($0[0], $0[1], $0[2]), try convolution($0[0], $0[1], stride: 2, padding: 1),
        try convolution($0[0], $0[1], $0[2], dilation: 2),
      ]
    },
    on("convolution, 2 dimensions", "conv2d") {
      [
        try convolution($0[0], $0[1], $0[2]), try convolution($0[0], $0[1], $0[2], stride: 2, padding: 1),
        try convolution($0[0], $0[1], padding: 2, dilation: 2),
      ]
    },
    on("convolution, 2 dimensions in groups", "conv2d") {
      [try convolution($0[0], $0[1], $0[2], padding: 1, groups: 2)]
    },
    on("convolution, 3 dimensions", "conv3d") {
      [try convolution($0[0], $0[1], $0[2]), try convolution($0[0], $0[1], stride: 2, padding: 1)]
    },
    on("group norm", "group_norm") {
      [
        try groupNorm($0[0], groups: 2, nil, nil, epsilon: 1e-5),
        try groupNorm($0[0], groups: 2, $0[1], $0[2], epsilon: 1e-3),
        try groupNorm($0[0], groups: 1, nil, nil, epsilon: 1e-5),
      ]
    },
    on("layer norm", "layer_norm") {
      [
        try layerNorm($0[0], [4], nil, nil, epsilon: 1e-5), try layerNorm($0[0], [4], $0[1], $0[2], epsilon: 1e-3),
        try layerNorm($0[0], [3, 4], $0[3], nil, epsilon: 1e-6),
      ]
    },
    on("RMS norm", "rms_norm") { [try rmsNorm($0[0], nil, epsilon: 1e-5), try rmsNorm($0[0], $0[1], epsilon: 1e-2)] },
    on("embedding", "embedding") { [try embedding($0[0], $0[1]), try embedding($0[0][0, 0], $0[1])] },
    on("attention", "scaled_dot_product_attention") { [try attention($0[0], $0[1], $0[2])] },
    on("attention with a bool mask", "scaled_dot_product_attention") {
      [try attention($0[0], $0[1], $0[2], mask: $0[3])]
    },
    on("attention with an added mask", "scaled_dot_product_attention") {
      [try attention($0[0], $0[1], $0[2], mask: $0[3])]
    },
    on("upsample, nearest", "upsample_nearest2d") { [try upsampledNearest($0[0], 2)] },
    on("average pool", "avg_pool2d") { [try averagePooled($0[0], 2)] },
    on("max pool", "max_pool2d") { [try maxPooled($0[0], 2)] },
    on("mean squared error", "mse_loss") { [try mse($0[0], $0[1])] },
    on("negative log-likelihood", "nll_loss") { [try negativeLogLikelihood($0[0], $0[1])] },
  ]

  private static let foreach: [OperatorCase] = [
    on("foreach, add", "_foreach_add_.List") {
      try Foreach.add(Array($0[..<2]), Array($0[2...]), scale: -0.5)
      return Array($0[..<2])
    },
    on("foreach, add a number", "_foreach_add_.Scalar") {
      try Foreach.add($0, 1.25)
      return $0
    },
    on("foreach, multiply", "_foreach_mul_.Scalar") {
      try Foreach.multiply($0, by: 0.75)
      return $0
    },
    on("foreach, add a product", "_foreach_addcmul_.Scalar") {
      try Foreach.addProduct(Array($0[..<2]), Array($0[2..<4]), Array($0[4...]), scale: 0.5)
      return Array($0[..<2])
    },
    on("foreach, add a quotient", "_foreach_addcdiv_.Scalar") {
      try Foreach.addQuotient(Array($0[..<2]), Array($0[2..<4]), Array($0[4...]), scale: -0.5)
      return Array($0[..<2])
    },
    on("foreach, square roots", "_foreach_sqrt") { try Foreach.squareRoots($0) },
    on("foreach, norms", "_foreach_norm.Scalar") { try Foreach.norms($0) },
    on("foreach, lerp", "_foreach_lerp_.Scalar") {
      try Foreach.lerp(Array($0[..<2]), toward: Array($0[2...]), 0.3)
      return Array($0[..<2])
    },
    on("AdamW", "_fused_adamw_") { x in
      let parameters = Array(x[..<2])
      let (first, second) = (try parameters.map { try $0.zerosLike() }, try parameters.map { try $0.zerosLike() })
      for step in 1...4 {
        try adamWStep(
          parameters, gradients: Array(x[(2 * step)..<(2 * step + 2)]), first: first, second: second, step: step,
          learningRate: 0.05, betas: (0.9, 0.95), weightDecay: 0.1, epsilon: 1e-2)
      }
      return parameters + first + second
    },
  ]
}
