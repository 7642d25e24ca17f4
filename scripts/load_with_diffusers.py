"""Loads what scripts/diffusers.sh has exported, and compares it with ours: the U-Net's output, and the student's samples.

    python load_with_diffusers.py FEWSTEP MODEL
"""

import subprocess
import sys

import h5py
import torch
from diffusers import DiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel

fewstep, model = sys.argv[1:]
torch.manual_seed(0)
inputs = {
    "sample": torch.randn(2, 4, 8, 8), "timestep": torch.tensor([999.0, 249.0]), "text": torch.randn(2, 77, 20),
    "pooled": torch.randn(2, 6), "time-ids": torch.tensor([[16.0, 16, 0, 0, 16, 16]] * 2)}  # fmt: skip
with h5py.File("inputs.h5", "w") as file:
    for name, tensor in inputs.items():
        file[name] = tensor.numpy()


def ours(folder):
    subprocess.run([fewstep, "denoise", folder, "--input", "inputs.h5", "--output", "output.h5"], check=True)
    with h5py.File("output.h5") as file:
        return torch.tensor(file["output"][...])


def theirs(unet):
    with torch.no_grad():
        added = dict(text_embeds=inputs["pooled"], time_ids=inputs["time-ids"])
        return unet(inputs["sample"], inputs["timestep"], inputs["text"], added_cond_kwargs=added).sample


def check(name, a, b, bound=1e-5):
    error = ((a - b).abs().max() / b.abs().max()).item()
    print(f"{name}: largest difference {error:.1e} of the largest value")
    assert error < bound, name


base = theirs(StableDiffusionXLPipeline.from_pretrained(model).unet)
for folder in ("full-folder", "lora-folder"):
    pipeline = DiffusionPipeline.from_pretrained(folder)
    output = ours(folder)
    assert (output - base).abs().max() > 1e-3, "the student has not moved"
    check(folder, theirs(pipeline.unet), output)
check("unet", theirs(UNet2DConditionModel.from_pretrained("unet")), ours("full-folder"))
adapted = ours("lora-folder")
for file in ("peft.safetensors", "kohya.safetensors"):
    pipeline = StableDiffusionXLPipeline.from_pretrained(model)
    pipeline.load_lora_weights(".", weight_name=file)
    check(file, theirs(pipeline.unet), adapted)

# The same noise in both programs.
noises = torch.randn(4, 2, 4, 8, 8)
with h5py.File("noises.h5", "w") as file:
    file["noises"] = noises.numpy()
command = [fewstep, "sample", "full", "--count", "2", "--noises", "noises.h5", "--tensors", "samples.h5"]
subprocess.run(command, check=True)
pipeline = DiffusionPipeline.from_pretrained("full-folder")
drawn = iter(noises[1:])
sys.modules["diffusers.schedulers.scheduling_lcm"].randn_tensor = lambda *_, **__: next(drawn)
made = pipeline(
    ["a cat!", "the end of the road"], height=16, width=16, latents=noises[0].clone(), num_inference_steps=4,
    guidance_scale=0.0, output_type="latent")  # fmt: skip
assert pipeline.scheduler.timesteps.tolist() == [999, 749, 499, 249], pipeline.scheduler.timesteps
with h5py.File("samples.h5") as file:
    check("samples", made.images, torch.tensor(file["samples"][...]), 1e-4)
