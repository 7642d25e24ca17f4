"""Checks that both sides compute the same, times them in turn, and prints the table."""

import argparse
import json
import os
import sys
import tempfile
from statistics import median

from comparison import publish, require_same, run, spread

CASES = {
    "mixture": {
        "title": "2-D mixture, AMD, batch 1024",
        "recipe": ["recipes/mixture/amd.yaml", "--set", "training.batch=1024"],
        "steps": 60,
        "warm_up": 10,
    },
    "fashion-mnist": {
        "title": "Fashion-MNIST, AMD, batch 32",
        "recipe": ["recipes/fashion-mnist/amd-4step.yaml"],
        "steps": 10,
        "warm_up": 2,
    },
}
HEADER = ["case", "Swift ms/step", "PyTorch ms/step", "PyTorch / Swift", "Swift MB", "PyTorch MB", "losses differ by"]
CHECKED_STEPS = 3
TOLERANCE = 1e-3


def check(name, case, swift, folder):
    """Both sides take the same steps from the same weights; losses and norms must agree.

    Returns by how much they differ, and the command of the other side with the recipe's settings.
    """
    recording, settings = (os.path.join(folder, f"{name}.{end}") for end in ("safetensors", "settings.json"))
    ours = run([swift, *case["recipe"], "--steps", CHECKED_STEPS, "--dump", recording])
    with open(settings, "w") as file:
        json.dump(ours["settings"], file)
    python = [sys.executable, "benchmarks/steps.py", name, "--settings", settings]
    theirs = run([*python, "--steps", CHECKED_STEPS, "--replay", recording])
    os.remove(recording)
    worst = 0.0
    for key, values in ours["losses"].items():
        for step, (a, b) in enumerate(zip(values, theirs[key], strict=True)):
            difference = abs(a - b) / max(abs(a), abs(b))
            if not difference <= TOLERANCE:  # a NaN must fail too
                sys.exit(f"bench: {name}: {key} of step {step} differs: Swift {a}, PyTorch {b}")
            worst = max(worst, difference)
    return worst, python


def measure(name, case, swift, python, folder):
    """One round: Swift, then PyTorch, in processes of their own."""
    lengths = ["--steps", case["steps"], "--warm-up", case["warm_up"]]
    ours = run([swift, *case["recipe"], *lengths])
    places = os.path.join(folder, f"{name}.json")
    with open(places, "w") as file:
        json.dump(ours["places"], file)
    theirs = run([*python, *lengths, "--places", places])
    require_same(ours, theirs)
    return ours, theirs


def row(case, rounds, worst):
    ours, theirs = ([median(side["milliseconds"]) for side in sides] for sides in zip(*rounds))
    ratios = [b / a for a, b in zip(ours, theirs)]
    memory = (max(side["peak_megabytes"] for side in sides) for sides in zip(*rounds))
    return [case["title"], spread(ours), spread(theirs), spread(ratios, 2), *(f"{m:.0f}" for m in memory), f"{worst:.0e}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("swift", help="the StepBenchmark executable")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--case", choices=CASES, action="append", help="only this one")
    parser.add_argument("--save", action="store_true", help="write the table to benchmarks/results too")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.case or CASES:
            case = CASES[name]
            worst, python = check(name, case, arguments.swift, folder)
            rounds = []
            for index in range(arguments.rounds):
                rounds.append(measure(name, case, arguments.swift, python, folder))
                a, b = (median(side["milliseconds"]) for side in rounds[-1])
                print(f"{name}, round {index + 1}: Swift {a:.1f} ms, PyTorch {b:.1f} ms, {b / a:.2f}", file=sys.stderr)
            rows.append(row(case, rounds, worst))
    notes = (
        f"Milliseconds: the median over {arguments.rounds} rounds (least-most) of each round's median step. Ratio: round by "
        "round, the same.\nMemory: the most that a process held at any time, the interpreter and libtorch included."
    )
    publish("Training steps, Swift and PyTorch", "steps", rounds[-1][0], notes, HEADER, rows, arguments.save)


if __name__ == "__main__":
    main()
