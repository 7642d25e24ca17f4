"""Loads what scripts/diffusers.sh has exported of a tiny Wan, and compares it with ours: the transformer's output, and the
student's samples.

    python load_wan_with_diffusers.py FEWSTEP
"""

import re
import subprocess
import sys

import h5py
import torch
from diffusers import WanPipeline, WanTransformer3DModel

fewstep = sys.argv[1]
torch.manual_seed(0)
inputs = {"sample": torch.randn(2, 16, 2, 4, 6), "timestep": torch.tensor([1000.0, 625.0]), "text": torch.randn(2, 512, 8)}
with h5py.File("inputs.h5", "w") as file:
    for name, tensor in inputs.items():
        file[name] = tensor.numpy()


def ours(folder):
    subprocess.run([fewstep, "denoise", folder, "--input", "inputs.h5", "--output", "output.h5"], check=True)
    with h5py.File("output.h5") as file:
        return torch.tensor(file["output"][...])


def theirs(transformer):
    with torch.no_grad():
        return transformer(inputs["sample"], inputs["timestep"], inputs["text"]).sample


def check(name, a, b, bound=1e-5):
    error = ((a - b).abs().max() / b.abs().max()).item()
    print(f"{name}: largest difference {error:.1e} of the largest value")
    assert error < bound, name


student = ours("diffusers")
assert (student - ours("model")).abs().max() > 1e-3, "the student has not moved"
pipeline = WanPipeline.from_pretrained("diffusers", torch_dtype=torch.float32)
check("diffusers", theirs(pipeline.transformer), student)
check("component", theirs(WanTransformer3DModel.from_pretrained("component")), student)
original = WanTransformer3DModel.from_single_file("original/diffusion_pytorch_model.safetensors", config="component")
check("original", theirs(original), student)
for file in ("peft.safetensors", "comfyui.safetensors"):
    base = WanPipeline.from_pretrained("model", torch_dtype=torch.float32)
    base.load_lora_weights(".", weight_name=file)
    check(file, theirs(base.transformer), student)

# The same noise in both programs, by the call that the exported README gives.
noises = torch.randn(4, 2, 16, 2, 4, 6)
with h5py.File("noises.h5", "w") as file:
    file["noises"] = noises.numpy()
command = [fewstep, "sample", "lora", "--count", "2", "--noises", "noises.h5", "--tensors", "samples.h5"]
subprocess.run(command, check=True)
levels = [float(level) for level in re.search(r"levels = \[(.*)\]", open("diffusers/README.md").read())[1].split(",")]
set_timesteps = pipeline.scheduler.set_timesteps
pipeline.scheduler.set_timesteps = lambda *_, device, **__: set_timesteps(sigmas=levels, device=device)
drawn = iter(noises[1:])
# The last one, to level 0, is not used.
scheduling = sys.modules["diffusers.schedulers.scheduling_flow_match_euler_discrete"]
scheduling.randn_tensor = lambda *_, **__: next(drawn, noises[0])
made = pipeline(
    ["a cat!", "the end of the road"], height=32, width=48, num_frames=5, latents=noises[0].clone(), num_inference_steps=4,
    guidance_scale=1.0, output_type="latent")  # fmt: skip
with h5py.File("samples.h5") as file:
    check("samples", made.frames, torch.tensor(file["samples"][...]), 1e-4)
