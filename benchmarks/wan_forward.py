"""One forward pass of the Wan transformer in FOLDER/model with diffusers, to compare with `fewstep denoise`.

    python benchmarks/wan_forward.py FOLDER [--dtype float32|bfloat16] [--latents F H W]
    python benchmarks/wan_forward.py FOLDER --compare OUTPUT.h5 ...

The first writes the inputs to FOLDER/inputs.safetensors and diffusers' output to FOLDER/diffusers-DTYPE.safetensors, and prints
the seconds of the pass, without loading, and the most memory that the process had. FOLDER/smallest.safetensors has inputs for
which the pass itself takes almost no time: diffusers' first pass is with them, because files are read only when a weight is
needed, and a program that runs one pass and ends can be timed with both.

The second prints how far outputs of `fewstep denoise`, and diffusers' own in bfloat16, are from diffusers', as shares of the
largest value.
"""

import argparse
import json
import pathlib
import time

import h5py
import torch
from safetensors.torch import load_file, save_file


def inputs(folder: pathlib.Path, latents: list[int], rows: int = 512) -> dict[str, torch.Tensor]:
    """Noise, a time, and rows of text of which the first 20 are not 0, in float32; the same at each call."""
    config = json.loads((folder / "model/transformer/config.json").read_text())
    generator = torch.Generator().manual_seed(1)
    text = torch.zeros(1, rows, config["text_dim"])
    text[:, :20].normal_(generator=generator)
    sample = torch.randn(1, config["in_channels"], *latents, generator=generator)
    return {"sample": sample, "timestep": torch.tensor([500.0]), "text": text}


def peak() -> str:
    """The most memory that this process had."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return f"{int(next(line for line in lines if line.startswith('VmHWM')).split()[1]) // 1024} MiB"


def run(folder: pathlib.Path, dtype: str, smallest: dict[str, torch.Tensor], given: dict[str, torch.Tensor]) -> None:
    from diffusers import WanTransformer3DModel

    def passed(tensors: dict[str, torch.Tensor]) -> torch.Tensor:
        sample, text = (tensors[name].to(network.dtype) for name in ("sample", "text"))
        with torch.no_grad():
            return network(sample, timestep=tensors["timestep"], encoder_hidden_states=text).sample.float()

    began = time.perf_counter()
    network = WanTransformer3DModel.from_pretrained(
        folder / "model", subfolder="transformer", torch_dtype=getattr(torch, dtype)
    )
    passed(smallest)
    loaded, memory = time.perf_counter(), peak()
    output = passed(given)
    seconds = time.perf_counter() - loaded
    assert output.isfinite().all()
    print(
        f"diffusers, {dtype}: {seconds:.2f} s a pass, memory at most {peak()}; loaded in {loaded - began:.1f} s, with {memory}; "
        f"output {tuple(output.shape)}, standard deviation {output.std():.3f}; torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads"
    )
    save_file({"output": output.contiguous()}, folder / f"diffusers-{dtype}.safetensors")


def read(path: pathlib.Path, name: str) -> torch.Tensor:
    """A tensor from one of Fewstep's HDF5 files, in float32. HDF5 has no bfloat16: its bits are stored as whole numbers."""
    with h5py.File(path) as file:
        tensor = torch.from_numpy(file[name][()])
        return (tensor.view(torch.bfloat16) if file[name].attrs.get("dtype") in ("bfloat16", b"bfloat16") else tensor).float()


def difference(ours: torch.Tensor, theirs: torch.Tensor) -> str:
    gaps = (ours.double() - theirs.double()).abs() / theirs.abs().max()
    return f"largest {gaps.max():.2e}, mean {gaps.mean():.2e}"


def compare(folder: pathlib.Path, outputs: list[pathlib.Path]) -> None:
    theirs = {
        f"diffusers {dtype}": load_file(path)["output"]
        for dtype in ["float32", "bfloat16"]
        if (path := folder / f"diffusers-{dtype}.safetensors").exists()
    }
    ours = {path.name: read(path, "output") for path in outputs}
    print("differences, as shares of the largest value:")
    for name, output in (ours | theirs).items():
        for other, reference in theirs.items():
            if output is not reference and (name, other) != ("diffusers float32", "diffusers bfloat16"):
                print(f"  {name} from {other}: {difference(output, reference)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--latents", type=int, nargs=3, default=[5, 60, 104], metavar=("F", "H", "W"))
    parser.add_argument("--compare", type=pathlib.Path, nargs="+", metavar="OUTPUT.h5")
    arguments = parser.parse_args()
    folder = arguments.folder
    if arguments.compare:
        return compare(folder, arguments.compare)
    smallest, given = inputs(folder, [1, 2, 2], rows=1), inputs(folder, arguments.latents)
    save_file(smallest, folder / "smallest.safetensors")
    save_file(given, folder / "inputs.safetensors")
    run(folder, arguments.dtype, smallest, given)


if __name__ == "__main__":
    main()
