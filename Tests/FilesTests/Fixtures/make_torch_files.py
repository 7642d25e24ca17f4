"""Writes the torch files that the tests of Storage read, those that are refused too.

    python make_torch_files.py

with torch 2.15.0. What each file holds is in the tests.
"""

import pathlib
import zipfile
from collections import OrderedDict

import torch

folder = pathlib.Path(__file__).parent


def numbers(*shape, dtype=torch.float32):
    count = torch.Size(shape).numel()
    return torch.arange(count, dtype=torch.float64).sub(2).reshape(shape).to(dtype)


def save(name, value, **options):
    torch.save(value, folder / name, **options)


torch.manual_seed(0)
module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
with torch.no_grad():
    for number, parameter in enumerate(module.parameters()):
        parameter.copy_(numbers(*parameter.shape) + number)
save("module.pth", module.state_dict())

base = numbers(4, 6)
save(
    "views.pt",
    {
        "whole": base,
        "transposed": base.t(),
        "column": base[:, 2],
        "row": base[1],
        "steps": base[::2, 1::3],
        "expanded": numbers(3, 1).expand(3, 4),
        "bytes": base.to(torch.uint8)[2:],
        "scalar": torch.tensor(2.5, dtype=torch.float64),
        "empty": torch.zeros(0, 5),
        "emptyView": base[4:],
        "parameter": torch.nn.Parameter(numbers(2)),
    },
)
dtypes = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split()
save("dtypes.pt", {name: numbers(5, dtype=torch.int64).abs().to(getattr(torch, name)) for name in dtypes})

weight = torch.nn.Parameter(numbers(2, 2))
optimizer = torch.optim.AdamW([weight], lr=0.1)
weight.grad = torch.ones(2, 2)
optimizer.step()
save(
    "training.ckpt",
    {
        "state_dict": OrderedDict(weight=numbers(2, 2)),
        "optimizer": optimizer.state_dict(),
        "epoch": 3,
        "note": "fünf",
        "losses": [0.5, 0.25],
        "huge": 1 << 70,
        "negative": -5,
        "nothing": None,
        "done": True,
        "shape": torch.Size([2, 3]),
        "dtype": torch.bfloat16,
    },
)
save("wrapped.pt", {"epoch": 3, "state_dict": module.state_dict()})
save("protocol4.pt", {"a": numbers(2), "b": [numbers(1), (numbers(3),)]}, pickle_protocol=4)
save("alone.pt", numbers(2, 3))

# What must be refused.
save("legacy.pt", {"a": numbers(2)}, _use_new_zipfile_serialization=False)
save("module-itself.pt", module)
torch.jit.save(torch.jit.trace(torch.nn.Linear(1, 1), numbers(1, 1)), str(folder / "script.pt"))
save("complex.pt", {"a": torch.zeros(2, dtype=torch.complex64)})
with zipfile.ZipFile(folder / "views.pt") as original:
    with zipfile.ZipFile(folder / "compressed.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in original.namelist():
            packed.writestr(name, original.read(name))
