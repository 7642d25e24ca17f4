"""What comparisons of the Swift side with the Python side share."""

import json
import os
import platform
import subprocess
import sys
from statistics import median


def run(command):
    """A side prints JSON."""
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    if result.returncode:
        sys.exit(f"bench: failed: {' '.join(map(str, command))}")
    return json.loads(result.stdout)


def require_same(ours, theirs):
    """Both sides must have run on the same libtorch with as many threads."""
    for key in ("threads", "libtorch"):
        a, b = (str(side[key]).split("+")[0] for side in (ours, theirs))
        if a != b:
            sys.exit(f"bench: {key}: Swift {a}, PyTorch {b}")


def spread(values, digits=1):
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def publish(title, name, side, notes, header, rows, save):
    """Prints the table, and writes it to benchmarks/results/NAME.md if `save` is true."""
    machine = f"libtorch {side['libtorch']} on both sides, {side['threads']} threads, {processor()}."
    text = f"{machine}\n{notes}\n\n{table(header, rows)}"
    print(text)
    if save:
        os.makedirs("benchmarks/results", exist_ok=True)
        with open(f"benchmarks/results/{name}.md", "w") as file:
            file.write(f"# {title}\n\n{text}\n")


def table(header, rows):
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join("| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths)) + " |" for line in lines)


def processor():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return models[0] if models else platform.machine()
