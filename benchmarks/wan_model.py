"""Writes a Wan2.1 pipeline in diffusers' layout with random weights: what a pass takes does not depend on the weights' values.

    python benchmarks/wan_model.py FOLDER [--size tiny|1.3B|14B] [--layers N] [--text-encoder none|small|xxl]
        [--dtype bfloat16|float32]

The transformer of 1.3B takes 2.8 GB in bfloat16, that of 14B 28.6 GB, and the text encoder 2.5 GB with its one layer (small) or
11.4 GB with all 24 (xxl); none writes its config alone. The autoencoder has its real size and is in float32, as it is published;
the tokenizer is a small one. No network is built: each shard is filled by the shapes that the classes have, so that some 3 GB
of memory are enough for any size. The same options always write the same weights.
"""

import argparse
import gzip
import json
import math
import pathlib
import shutil

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from safetensors.torch import save_file
from transformers import UMT5Config, UMT5EncoderModel

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "Tests/PluginTests/Wan/Fixtures"
SHARD = 1_000_000_000  # bytes, if no tensor is larger


def deviation(name: str, shape: torch.Size) -> float | None:
    """The standard deviation of a tensor's values around 0; None if all of them are 1. Outputs are of order one at any depth."""
    if name.endswith(".gamma") or (name.endswith(".weight") and "norm" in name.split(".")[-2]):
        return None
    if name.endswith(".bias"):
        return 0
    if name.endswith("scale_shift_table"):
        return shape[-1] ** -0.5
    if name == "shared.weight":
        return 1
    if name.endswith("SelfAttention.q.weight"):
        return (shape[1] * 64) ** -0.5  # the encoder's attention does not divide by the root of a head's width
    return math.prod(shape[1:]) ** -0.5


def filled(name: str, shape: torch.Size, dtype: torch.dtype, generator: torch.Generator) -> torch.Tensor:
    std = deviation(name, shape)
    if not std:
        return torch.full(shape, 1 if std is None else 0, dtype=dtype)
    return torch.empty(shape, dtype=dtype).normal_(0, std, generator=generator)


def shards(network: torch.nn.Module, dtype: torch.dtype) -> list[dict[str, torch.Size]]:
    parts, size = [{}], 0
    for name, parameter in network.named_parameters():
        count = parameter.numel() * dtype.itemsize
        if parts[-1] and size + count > SHARD:
            parts.append({})
            size = 0
        parts[-1][name] = parameter.shape
        size += count
    return parts


def write(folder: pathlib.Path, stem: str, network: torch.nn.Module, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    parts, places = shards(network, dtype), {}
    for index, part in enumerate(parts):
        name = f"{stem}-{index + 1:05}-of-{len(parts):05}.safetensors" if len(parts) > 1 else f"{stem}.safetensors"
        tensors = {key: filled(key, shape, dtype, generator) for key, shape in part.items()}
        save_file(tensors, folder / name, metadata={"format": "pt"})
        places |= dict.fromkeys(part, name)
    count = sum(parameter.numel() for parameter in network.parameters())
    if len(parts) > 1:
        index = {"metadata": {"total_size": count * dtype.itemsize}, "weight_map": places}
        (folder / f"{stem}.safetensors.index.json").write_text(json.dumps(index))
    print(f"{folder.name}: {count:,} parameters, {count * dtype.itemsize / 1e9:.2f} GB in {dtype}", flush=True)


def config(folder: pathlib.Path, source: str, **changes) -> dict:
    """The config of a fixture, with changes, which it also writes to the folder."""
    values = json.loads((FIXTURES / source / "config.json").read_text())
    values |= {key: value for key, value in changes.items() if value is not None}
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(values, indent=2))
    return values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--size", choices=["tiny", "1.3B", "14B"], default="1.3B")
    parser.add_argument("--layers", type=int, help="fewer blocks of the transformer, for trying")
    parser.add_argument("--text-encoder", choices=["none", "small", "xxl"], default="small")
    parser.add_argument("--dtype", choices=["bfloat16", "float32"], default="bfloat16")
    arguments = parser.parse_args()
    folder, dtype, tiny = arguments.folder, getattr(torch, arguments.dtype), arguments.size == "tiny"

    source = "pipeline/transformer" if tiny else f"transformer-{arguments.size}"
    values = config(folder / "transformer", source, num_layers=arguments.layers)
    with torch.device("meta"):
        network = WanTransformer3DModel.from_config(values)
    write(folder / "transformer", "diffusion_pytorch_model", network, dtype)

    values = config(folder / "vae", "pipeline/vae" if tiny else "vae-base")
    with torch.device("meta"):
        network = AutoencoderKLWan.from_config(values)
    write(folder / "vae", "diffusion_pytorch_model", network, torch.float32)

    source, layers = "pipeline/text_encoder" if tiny else "umt5-xxl", 1 if arguments.text_encoder == "small" else None
    values = config(folder / "text_encoder", source, num_layers=layers, dtype=arguments.dtype)
    if arguments.text_encoder != "none":
        with torch.device("meta"):
            network = UMT5EncoderModel(UMT5Config(**values))
        write(folder / "text_encoder", "model", network, dtype)

    tokenizer = folder / "tokenizer"
    tokenizer.mkdir()
    (tokenizer / "tokenizer.json").write_bytes(gzip.decompress((FIXTURES / "tokenizer/tokenizer.json.gz").read_bytes()))
    for name in ["tokenizer_config.json", "special_tokens_map.json"]:
        shutil.copy(FIXTURES / "tokenizer" / name, tokenizer)
    shutil.copytree(FIXTURES / "pipeline/scheduler", folder / "scheduler")
    # The last file: without it the folder is not whole.
    shutil.copy(FIXTURES / "pipeline/model_index.json", folder)


if __name__ == "__main__":
    main()
