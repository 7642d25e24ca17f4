"""The PyTorch side of the comparison: repeats recorded training steps, or times random ones. Prints JSON."""

import argparse
import json
import resource
import time

import torch

from reference import fashion_mnist, mixture
from reference.amd import RandomDraws, RecordedDraws, Settings
from reference.files import read_safetensors

CASES = {"mixture": mixture.trainer, "fashion-mnist": fashion_mnist.trainer}


def replay(case, settings, tensors, steps):
    """Losses and norms of steps made from the recorded weights and draws."""
    weights = {}
    for name, tensor in tensors.items():
        role, _, parameter = name.partition("/")
        weights.setdefault(role, {})[parameter] = tensor
    trainer = CASES[case](settings, weights)
    logs = [trainer.step(RecordedDraws(trainer.settings, tensors, step)) for step in range(steps)]
    return {key: [log[key] for log in logs] for key in logs[0]}


def measure(case, settings, steps, warm_up, places):
    trainer = CASES[case](settings, None)
    generator = torch.Generator().manual_seed(0)
    milliseconds = []
    for step in range(warm_up + steps):
        began = time.perf_counter()
        trainer.step(RandomDraws(trainer.settings, generator, places[step]))
        milliseconds.append((time.perf_counter() - began) * 1000)
    return {
        "milliseconds": milliseconds[warm_up:],
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "threads": torch.get_num_threads(),
        "libtorch": torch.__version__,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--settings", required=True, help="JSON: what the recipe says")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--replay", help="a recording; repeats its steps and times nothing")
    parser.add_argument("--places", help="JSON: for each step the place of each update in the student's step list")
    arguments = parser.parse_args()
    with open(arguments.settings) as file:
        settings = Settings(**json.load(file))
    if arguments.replay:
        result = replay(arguments.case, settings, read_safetensors(arguments.replay), arguments.steps)
    else:
        with open(arguments.places) as file:
            result = measure(arguments.case, settings, arguments.steps, arguments.warm_up, json.load(file))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
