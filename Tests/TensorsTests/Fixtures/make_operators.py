"""Writes operators.json: for every case, inputs and the values PyTorch gives for them.

    python make_operators.py

Each case is named as its counterpart in OperatorTable.swift, which makes the same calls in Swift.
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F

generator = torch.Generator().manual_seed(20)
cases = {}


def rounded(value):
    if isinstance(value, bool) or isinstance(value, int):
        return int(value)
    if not math.isfinite(value):
        return str(value)
    return float(f"{value:.8g}")


def recorded(tensor):
    tensor = tensor.detach()
    values = tensor.double() if tensor.is_floating_point() else tensor
    return {
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "shape": list(tensor.shape),
        "values": [rounded(value) for value in values.reshape(-1).tolist()],
    }


def case(name, function, *inputs):
    assert name not in cases, name
    before = [recorded(tensor) for tensor in inputs]
    outputs = function(*inputs)
    if isinstance(outputs, torch.Tensor):
        outputs = [outputs]
    cases[name] = {"inputs": before, "outputs": [recorded(output) for output in outputs]}


def normal(*shape, dtype=torch.float32):
    """Rounded to three decimals, so that JSON holds exactly what PyTorch was given."""
    values = torch.randn(shape, generator=generator, dtype=torch.float64)
    return torch.tensor([round(v, 3) for v in values.reshape(-1).tolist()], dtype=dtype).reshape(shape)


def positive(*shape):
    return normal(*shape).abs() + 0.25


def whole(*values, dtype=torch.int64):
    return torch.tensor(values, dtype=dtype)


inf, nan = math.inf, math.nan

# Arithmetic
a, b, row = normal(3, 4), normal(3, 4), normal(4)
case("add", lambda a, b: a + b, a, row)
case("add a number", lambda a: [a + 1.5, -0.25 + a], a)
case("add promotes", lambda a, b: [a + b, b + 0.5], a, whole(1, 2, 3, 4))
case("subtract", lambda a, b: a - b, a, row)
case("subtract a number", lambda a: [a - 1.5, 2.5 - a], a)
case("multiply", lambda a, b: a * b, a, row)
case("multiply by a number", lambda a: [a * 1.5, -2.5 * a], a)
case("divide", lambda a, b: a / b, a, positive(3, 1))
case("divide by a number", lambda a: a / 3, a)
case("divide a number", lambda a: 3 / a, positive(3, 4))
case("negate", lambda a: -a, a)
case("power", lambda a: [a**2.5, a**-1.0, a**0.5], positive(3, 4))
case("square", lambda a: a**2, a)
case("elementwise maximum", torch.maximum, a, b)
case("elementwise minimum", torch.minimum, a, b)

# Creation
case(
    "zeros",
    lambda a: [torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64), torch.zeros_like(a)],
    normal(2, 2, dtype=torch.float64),
)
case(
    "ones",
    lambda a: [torch.ones(2, 3), torch.ones(2, dtype=torch.bool), torch.ones_like(a)],
    normal(2, 2, dtype=torch.float64),
)
case("empty", lambda: torch.empty(2, 3).fill_(7))
case("full", lambda: [torch.full([2, 2], 0.3), torch.full([], 3.0, dtype=torch.float64), torch.full([2], 5)])
case(
    "range",
    lambda: [torch.arange(0.0, 5.0), torch.arange(1.0, 2.0, 0.25), torch.arange(2, 9, 3), torch.arange(3.0, 0.0, -1.0)],
)
case("linspace", lambda: [torch.linspace(-1, 1, 5), torch.linspace(3, 0, 4, dtype=torch.float64)])
case("identity", lambda: [torch.eye(3), torch.eye(2, dtype=torch.int64)])
case("one-hot", lambda a: F.one_hot(a, 4), whole(0, 3, 1))

# Shape
x = normal(2, 3, 4)
case("reshape", lambda x: [x.reshape(6, 4), x.reshape(-1)], x)
case("permute", lambda x: x.permute(2, 0, 1), x)
case("transpose", lambda x: x.transpose(-2, -1), x)
case("unsqueeze", lambda x: [x.unsqueeze(1), x.unsqueeze(-1)], a)
case("squeeze", lambda x: [x.squeeze(1), x.squeeze(0)], normal(2, 1, 3))
case("expand", lambda x: x.expand(2, 3, -1), normal(3, 1).reshape(3, 1))
case("repeat", lambda x: x.repeat(2, 3), normal(2, 2))
case("repeat interleaved", lambda x: [x.repeat_interleave(2, 0), x.repeat_interleave(3, 1)], normal(2, 2))
case("flip", lambda x: x.flip([0, 2]), x)
case("roll", lambda x: x.roll([1, -2], [0, 2]), x)
case("lower triangle", torch.tril, normal(3, 3))
case("broadcast to a rank", lambda x: x.reshape(3, 1, 1, 1), normal(3))
case("chunk", lambda x: list(x.chunk(2, 1)), x)
case("split", lambda x: list(x.split([1, 3], -1)), x)
case("pad", lambda x: [F.pad(x, [1, 0, 0, 2]), F.pad(x, [0, 1], value=-1.5)], normal(2, 3))
case("space to depth", lambda x: F.pixel_unshuffle(x, 2), normal(1, 2, 4, 2))
case("depth to space", lambda x: F.pixel_shuffle(x, 2), normal(1, 8, 2, 1))
case("contiguous", lambda x: x.transpose(0, 1).contiguous(), a)
case("clone", lambda x: x.clone(), a)
case("detach", lambda x: x.detach(), a)
case(
    "convert",
    lambda x: [x.to(t) for t in (torch.float64, torch.bfloat16, torch.float16, torch.int32, torch.bool)],
    torch.tensor([0.0, 1.001, -2.7, 300.3, 0.1]),
)
case("concatenate", lambda x, y: [torch.cat([x, y]), torch.cat([x, x, y], -1)], normal(2, 2), normal(2, 2))
case("stack", lambda x, y: [torch.stack([x, y]), torch.stack([x, y], -1)], normal(2, 2), normal(2, 2))

# Functions of each element
case("exp", torch.exp, a)
case("log", torch.log, positive(3, 4))
case("sqrt", torch.sqrt, positive(3, 4))
case("sin", torch.sin, a)
case("cos", torch.cos, a)
case("tanh", torch.tanh, a)
case("abs", torch.abs, a)
case("sigmoid", torch.sigmoid, a)
case("silu", F.silu, a)
case("relu", F.relu, a)
case("softplus", F.softplus, torch.cat([a.reshape(-1), torch.tensor([-30.0, 30.0])]))
case("gelu, exact", F.gelu, a)
case("gelu, tanh", lambda x: F.gelu(x, approximate="tanh"), a)
case("gelu, quick", lambda x: x * torch.sigmoid(1.702 * x), a)
edges = torch.tensor([-2.5, -0.5, 0.0, 0.5, 1.5, 2.4, -1.2])
case("sign", torch.sign, edges)
case("round", torch.round, edges)
case("floor", torch.floor, edges)
case("clamp", lambda x: [x.clamp(-1, 0.75), x.clamp(min=-0.25), x.clamp(max=0.25)], edges)
strange = torch.tensor([nan, inf, -inf, 1.5, -0.0])
case("nan to number", torch.nan_to_num, strange)
case("is finite", torch.isfinite, strange)
case("equal", lambda x, y: x == y, whole(1, 2, 3), whole(1, 0, 3))
case("equal to a number", lambda x: x == 0.5, edges)
case("less than a number", lambda x: x < 0.5, edges)
case("greater than a number", lambda x: x > 0.5, edges)
case("less or equal", lambda x, y: x <= y, edges, edges.flip(0))
case("fill where", lambda x, m: x.masked_fill(m, -7.0), a, torch.tensor([True, False, True, False]))
case("select", lambda m, x, y: torch.where(m, x, y), torch.tensor([[True], [False], [True]]), a, b)

# Reductions
case("sum", torch.sum, a)
case("sum over dimensions", lambda x: [x.sum([1]), x.sum([0, -1], keepdim=True)], x)
case("mean", torch.mean, a)
case("mean over dimensions", lambda x: [x.mean([1]), x.mean([0, -1], keepdim=True)], x)
case("mean of each sample", lambda x, y: [x.mean([1, 2]), y], x, row)
case(
    "variance",
    lambda x: [x.var([1]), x.var([0, 2], correction=0), x.var([2], keepdim=True)],
    x,
)
case("maximum over dimensions", lambda x: [x.amax([0, 2]), x.amax([1], keepdim=True)], x)
case("minimum over dimensions", lambda x: [x.amin([0, 2]), x.amin([1], keepdim=True)], x)
case("argmax", lambda x: [x.argmax(1), x.argmax(-1)], a)
case("all", lambda x, y: [x.all(), y.all()], torch.tensor([True, True]), torch.tensor([[True, False]]))
case("log-sum-exp", lambda x: [x.logsumexp([1]), x.logsumexp([0, 1], keepdim=True)], 30 * a)
case("softmax", lambda x: [x.softmax(-1), x.softmax(0)], a)
case("log-softmax", lambda x: [x.log_softmax(-1), x.log_softmax(0)], a)
case("norm", lambda x: [x.norm(), torch.linalg.vector_norm(x, dim=[1, 2]), torch.linalg.vector_norm(x, dim=[0], keepdim=True)], x)
case("top", lambda x: [*x.topk(2), *x.topk(3, largest=False)], a)
case("sort", lambda x: [*x.sort(), *x.sort(0, descending=True)], a)
case("cumulative sum", lambda x: [x.cumsum(0), x.cumsum(-1)], a)

# Indexing
case("index at positions", lambda x: [x[1], x[-1, 2], x[..., 0], x[:, 1]], x)
case("index ranges", lambda x: [x[:, 1:3], x[..., -2:], x[:, :-1, ::2], x[:1, 2:2]], x)
case("index with new axes", lambda x: [x[None, 0], x[..., None], x[:, None, 1:, 0]], x)
case("index with tensors", lambda x, i, j: [x[i], x[:, :, i], x[:, j, i], x[0, ..., i]], x, whole(1, 0, 1), whole(2, 0, 1))
case(
    "index with masks",
    lambda x, m, n, i: [x[:, m], x[n], x[n, i]],
    normal(2, 3, 4),
    torch.tensor([True, False, True]),
    torch.tensor([[True, False, True], [False, True, False]]),
    whole(3, 0, 2),
)
case("index with a mask at the end", lambda x, m: x[..., m], x, torch.tensor([[True, False, True, False]] * 2 + [[False] * 4]))


def put(x, source, i, m):
    x[i, 1:3] = source
    x[:, m] = torch.tensor(9.0)
    x[0, 0] = 5.0
    return x


case("assign", put, normal(3, 4), normal(2, 2), whole(2, 0), torch.tensor([False, False, False, True]))
case("select rows", lambda x, i: [x.index_select(0, i), x.index_select(2, i)], x, whole(1, 0, 1))
case("gather", lambda x, i: x.gather(1, i), a, whole(*[[0, 3], [1, 1], [2, 0]]))
case("copy", lambda x, y: x.copy_(y), normal(2, 3), whole(4, 5, 6))
case("fill", lambda x: x.fill_(2.5), normal(2, 3))

# Linear algebra
spd = normal(4, 3, dtype=torch.float64)
spd = (spd.T @ spd + 0.5 * torch.eye(3)).mul(1000).round().div(1000)
case("matrix product", lambda x, y: [x @ y, y.transpose(0, 1) @ x.transpose(-2, -1)], normal(2, 3, 4), normal(4, 2))
case("linear", lambda x, w, b: [F.linear(x, w), F.linear(x, w, b)], normal(2, 3, 4), normal(2, 4), normal(2))
# The signs of eigenvectors are anyone's choice.
case("symmetric eigen", lambda m: [torch.linalg.eigh(m)[0], torch.linalg.eigh(m)[1].abs()], spd)
case("cholesky", torch.linalg.cholesky, spd)
case("trace", torch.trace, spd)
case("distances", torch.cdist, normal(3, 2), normal(2, 2))

# Networks
case(
    "convolution, 1 dimension",
    lambda x, w, b: [F.conv1d(x, w, b), F.conv1d(x, w, stride=2, padding=1), F.conv1d(x, w, b, dilation=2)],
    normal(2, 2, 6),
    normal(2, 2, 3),
    normal(2),
)
case(
    "convolution, 2 dimensions",
    lambda x, w, b: [F.conv2d(x, w, b), F.conv2d(x, w, b, stride=2, padding=1), F.conv2d(x, w, padding=2, dilation=2)],
    normal(1, 2, 4, 5),
    normal(2, 2, 3, 3),
    normal(2),
)
case(
    "convolution, 2 dimensions in groups",
    lambda x, w, b: F.conv2d(x, w, b, padding=1, groups=2),
    normal(1, 4, 3, 3),
    normal(2, 2, 3, 3),
    normal(2),
)
case(
    "convolution, 3 dimensions",
    lambda x, w, b: [F.conv3d(x, w, b), F.conv3d(x, w, stride=2, padding=1)],
    normal(1, 1, 3, 3, 4),
    normal(2, 1, 2, 2, 2),
    normal(2),
)
case(
    "group norm",
    lambda x, w, b: [F.group_norm(x, 2, eps=1e-5), F.group_norm(x, 2, w, b, 1e-3), F.group_norm(x, 1, eps=1e-5)],
    normal(2, 4, 3),
    normal(4),
    normal(4),
)
case(
    "layer norm",
    lambda x, w, b, v: [F.layer_norm(x, [4]), F.layer_norm(x, [4], w, b, 1e-3), F.layer_norm(x, [3, 4], v, eps=1e-6)],
    x,
    normal(4),
    normal(4),
    normal(3, 4),
)
case("RMS norm", lambda x, w: [F.rms_norm(x, [4], eps=1e-5), F.rms_norm(x, [4], w, eps=1e-2)], x, normal(4))
case("embedding", lambda i, w: [F.embedding(i, w), F.embedding(i[0, 0], w)], whole([0, 2], [3, 0]), normal(4, 3))
q, k, v = normal(2, 2, 3, 4), normal(2, 2, 2, 4), normal(2, 2, 2, 3)
case("attention", F.scaled_dot_product_attention, q, k, v)
case(
    "attention with a bool mask",
    lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, m),
    q,
    k,
    v,
    torch.tensor([[True, False], [True, True], [False, True]]),
)
case("attention with an added mask", lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, m), q, k, v, normal(2, 1, 3, 2))
case("upsample, nearest", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), normal(1, 2, 2, 3))
case("average pool", lambda x: F.avg_pool2d(x, 2), normal(1, 2, 4, 5))
case("max pool", lambda x: F.max_pool2d(x, 2), normal(1, 2, 4, 5))
case("mean squared error", F.mse_loss, a, b)
case("negative log-likelihood", F.nll_loss, normal(3, 4).log_softmax(1).mul(1000).round().div(1000), whole(3, 0, 2))

# Many tensors in one call
p, r, s = [normal(2, 2), normal(3)], [normal(2, 2), normal(3)], [positive(2, 2), positive(3)]


def many(name, function, *lists):
    """`function` updates its first list in place, or returns a new one."""
    count = len(lists[0])

    def flat(*tensors):
        groups = [list(tensors[i : i + count]) for i in range(0, len(tensors), count)]
        return function(*groups) or groups[0]

    case(name, flat, *[tensor.clone() for group in lists for tensor in group])


many("foreach, add", lambda x, y: torch._foreach_add_(x, y, alpha=-0.5) and None, p, r)
many("foreach, add a number", lambda x: torch._foreach_add_(x, 1.25) and None, p)
many("foreach, multiply", lambda x: torch._foreach_mul_(x, 0.75) and None, p)
many("foreach, add a product", lambda x, y, z: torch._foreach_addcmul_(x, y, z, 0.5) and None, p, r, s)
many("foreach, add a quotient", lambda x, y, z: torch._foreach_addcdiv_(x, y, z, -0.5) and None, p, r, s)
many("foreach, square roots", lambda x: list(torch._foreach_sqrt(x)), s)
many("foreach, norms", lambda x: list(torch._foreach_norm(x)), p)
many("foreach, lerp", lambda x, y: torch._foreach_lerp_(x, y, 0.3) and None, p, r)


def adamw(*tensors):
    parameters, gradients = [tensor.clone().requires_grad_() for tensor in tensors[:2]], tensors[2:]
    optimizer = torch.optim.AdamW(parameters, lr=0.05, betas=(0.9, 0.95), eps=1e-2, weight_decay=0.1)
    for step in range(4):
        for parameter, gradient in zip(parameters, gradients[2 * step :]):
            parameter.grad = gradient
        optimizer.step()
    state = [optimizer.state[parameter] for parameter in parameters]
    return parameters + [s["exp_avg"] for s in state] + [s["exp_avg_sq"] for s in state]


case("AdamW", adamw, *p, *[tensor for _ in range(4) for tensor in (normal(2, 2), normal(3))])

lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in cases.items()]
text = "{\n" + ",\n".join(lines) + "\n}\n"
pathlib.Path(__file__).with_name("operators.json").write_text(text)
print(f"{len(cases)} cases, {len(text)} bytes, PyTorch {torch.__version__}")
