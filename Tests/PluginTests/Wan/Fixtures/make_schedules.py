"""The noise levels that Wan's samplers visit, and what the samplers make of a simple velocity.

Made with torch 2.13.0, diffusers 0.42.1, numpy 2.4.6, after make_transformer.py, of which it takes `in_float64`:
`python make_schedules.py`, in this folder.

schedules.json holds
  grids          for every kind, shift and number of steps: `sigmas`, the last of them 0, and `timesteps`, as the model gets
                 them. The sigmas are float32's, written in full, for a sampler's second step feels their last digits where
                 the first sigma is nearly 1. Whole timesteps are cut off, not rounded. The kinds:
                   unipc            diffusers' UniPCMultistepScheduler, as Wan's pipelines have it
                   dpm              diffusers' DPMSolverMultistepScheduler with flow sigmas
                   euler            diffusers' FlowMatchEulerDiscreteScheduler; its timesteps are no whole numbers
                   unipc-original   Wan's own code with its solver unipc
                   dpm-original     Wan's own code with its solver dpm++
  start          six numbers
  trajectories   for the same kinds with a shift of 3: the samples after each of 4 steps, and after all of 10 steps, from
                 `start` on, where the model says that the velocity is 0.7 x + sin(3 x) sigma - 0.2. In float64, the
                 coefficients too, from those sigmas. unipc's order is 2, its kind bh2; dpm's is dpmsolver++, of order 2,
                 midpoint. Wan's own solvers do the same as diffusers', save for the grid.
"""

import json
import os

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler
from make_transformer import in_float64

HERE = os.path.dirname(os.path.abspath(__file__))
FLOW = dict(prediction_type="flow_prediction", use_flow_sigmas=True)
START = [-1.5, -0.6, -0.1, 0.3, 0.9, 2.0]


def scheduler(kind, shift, count):
    """One of diffusers' schedulers that is ready to go."""
    if kind == "euler":
        made = FlowMatchEulerDiscreteScheduler(shift=shift)
    elif kind.startswith("unipc"):
        made = UniPCMultistepScheduler(**FLOW, flow_shift=shift)
    else:
        made = DPMSolverMultistepScheduler(**FLOW, flow_shift=shift)
    made.set_timesteps(count)
    if kind.endswith("original"):
        # Wan's unipc takes its largest sigma from a table in float32.
        largest = float(np.float32(0.999)) if kind == "unipc-original" else 1
        sigmas = np.linspace(largest, 0, count + 1)[:-1]
        sigmas = shift * sigmas / (1 + (shift - 1) * sigmas)
        made.timesteps = torch.from_numpy(1000 * sigmas).long()
        made.sigmas = torch.from_numpy(np.append(sigmas, 0).astype(np.float32))
    made.set_begin_index(0)
    return made


def trajectory(kind, count):
    made = scheduler(kind, 3.0, count)
    made.sigmas = made.sigmas.double()
    x = torch.tensor([START], dtype=torch.float64)
    samples = []
    with in_float64():
        for sigma, time in zip(made.sigmas, made.timesteps):
            x = made.step(0.7 * x + torch.sin(3 * x) * sigma - 0.2, time, x).prev_sample
            samples.append(x[0].tolist())
    assert x.dtype == torch.float64
    return samples


torch.set_num_threads(1)
kinds = ["unipc", "dpm", "euler", "unipc-original", "dpm-original"]
grids, trajectories = {}, {}
for kind in kinds:
    for shift in (3, 5, 8):
        for count in (4, 50):
            made = scheduler(kind, float(shift), count)
            grid = dict(sigmas=made.sigmas.tolist(), timesteps=made.timesteps.tolist())
            grids.setdefault(kind, {}).setdefault(str(shift), {})[str(count)] = grid
    trajectories[kind] = {"4": trajectory(kind, 4), "10": trajectory(kind, 10)[-1]}
data = dict(grids=grids, start=START, trajectories=trajectories)
with open(f"{HERE}/schedules.json", "w") as file:
    json.dump(data, file, separators=(",", ":"))
    file.write("\n")
