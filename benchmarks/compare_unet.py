"""Times SDXL's U-Net on both sides in turn, one process at a time, and prints the table."""

import argparse
import sys
from statistics import median

from comparison import publish, require_same, run, spread

CONFIG = "Tests/PluginTests/SDXL/Fixtures/unet-base/config.json"
GIGABYTES = {"float32": 10.3, "bfloat16": 5.2}  # of weights
HEADROOM = 3.0


def available():
    """Gigabytes of memory that a new process may take."""
    with open("/proc/meminfo") as file:
        fields = dict(line.split(":") for line in file)
    return int(fields["MemAvailable"].split()[0]) * 1024 / 1e9


def measure(swift, dtype, size, passes):
    """Swift, then PyTorch."""
    if available() < GIGABYTES[dtype] + HEADROOM:
        sys.exit(f"bench: {dtype} needs {GIGABYTES[dtype] + HEADROOM:.0f} GB of memory, {available():.0f} GB are free")
    options = [CONFIG, "--size", size, "--dtype", dtype, "--passes", passes]
    ours, theirs = run([swift, *options]), run([sys.executable, "benchmarks/unet.py", *options])
    require_same(ours, theirs)
    return ours, theirs


def row(dtype, size, sides):
    times = [side["seconds"] for side in sides]
    memory = [f"{side[key]:.0f}" for key in ("weights_megabytes", "peak_megabytes") for side in sides]
    return [f"{dtype}, {size}x{size}", *(spread(t) for t in times), f"{median(times[1]) / median(times[0]):.2f}", *memory]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("swift", help="the UNetBenchmark executable")
    parser.add_argument("--size", type=int, default=64, help="height and width of the latents")
    parser.add_argument("--dtype", choices=GIGABYTES, action="append", help="only this one")
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--save", action="store_true", help="write the table to benchmarks/results too")
    arguments = parser.parse_args()
    header = ["case", "Swift s", "diffusers s", "diffusers / Swift", "Swift MB, weights", "diffusers MB, weights"]
    header += ["Swift MB", "diffusers MB"]
    rows = []
    for dtype in arguments.dtype or GIGABYTES:
        sides = measure(arguments.swift, dtype, arguments.size, arguments.passes)
        rows.append(row(dtype, arguments.size, sides))
    notes = (
        f"Seconds of a forward pass of one sample: the median of {arguments.passes} (least-most), after one that is not "
        "counted.\nMemory: the most that a process held, when the weights were made and at the end."
    )
    publish("SDXL's U-Net, Swift and diffusers", "sdxl-unet", sides[0], notes, header, rows, arguments.save)


if __name__ == "__main__":
    main()
