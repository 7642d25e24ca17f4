"""Whether diffusers makes of a model folder what `fewstep sample` made of it, from the same noise.

    fewstep sample glyphs/model --prompt "a red serif letter G" --teacher-steps 50 --guidance 1.5 --size 32 \
        --count 8 --seed 1 --tensors samples.h5
    python scripts/glyphs_diffusers.py glyphs/model samples.h5 --prompt "a red serif letter G" --steps 50 --guidance 1.5

It needs Python with diffusers, h5py, numpy, torch and transformers; measured with diffusers 0.42.1, transformers 5.23.0
and torch 2.15.0.
"""

import argparse

import h5py
import numpy as np
import torch
from diffusers import StableDiffusionXLPipeline


def philox(counter, key):
    """Philox 4x32-10 (Salmon et al., SC11): uint32 [4, ...] of uint32 [4, ...]."""
    counter = [np.asarray(word, np.uint64) for word in counter]
    key = list(key)
    for _ in range(10):
        first, second = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = [
            (second >> 32) ^ counter[1] ^ key[0], second & 0xFFFFFFFF,
            (first >> 32) ^ counter[3] ^ key[1], first & 0xFFFFFFFF,
        ]  # fmt: skip
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


def noise(seed, purpose, count, shape):
    """The standard normal numbers of a purpose's stream at step 0, one row a sample."""
    name = 2166136261
    for byte in purpose.encode():
        name = ((name ^ byte) * 16777619) & 0xFFFFFFFF
    size = int(np.prod(shape))
    blocks = np.arange((size + 3) // 4, dtype=np.uint64)[None]
    samples = np.arange(count, dtype=np.uint64)[:, None]
    blocks, samples = np.broadcast_arrays(blocks, samples)
    words = philox([blocks, np.full_like(blocks, name), np.zeros_like(blocks), samples], [seed & 0xFFFFFFFF, seed >> 32])
    numbers = []
    for u, v in (words[:2], words[2:]):
        radius = np.sqrt(-2 * np.log(((u >> 8).astype(np.float32) + np.float32(0.5)) * np.float32(2**-24)))
        angle = 2 * np.float32(np.pi) * ((v >> 8).astype(np.float32) * np.float32(2**-24))
        numbers += [radius * np.cos(angle), radius * np.sin(angle)]
    return np.stack(numbers, -1).reshape(count, -1)[:, :size].reshape(count, *shape).astype(np.float32)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("model")
    options.add_argument("samples", help="what `fewstep sample --tensors` wrote")
    options.add_argument("--prompt", action="append", required=True)
    options.add_argument("--steps", type=int, default=50)
    options.add_argument("--guidance", type=float, default=5.0)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--size", type=int, default=32)
    options = options.parse_args()
    ours = h5py.File(options.samples)["samples"][:]
    start = noise(options.seed, "sampling 0", len(ours), ours.shape[1:])
    pipeline = StableDiffusionXLPipeline.from_pretrained(options.model, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    prompts = [options.prompt[index % len(options.prompt)] for index in range(len(ours))]
    theirs = pipeline(
        prompts, height=options.size, width=options.size, num_inference_steps=options.steps,
        guidance_scale=options.guidance, latents=torch.from_numpy(start), output_type="latent").images.numpy()  # fmt: skip
    difference = np.abs(ours - theirs)
    print(f"{len(ours)} samples, latents of deviation {theirs.std():.3f}")
    print(f"largest difference {difference.max():.3g}, mean {difference.mean():.3g}")


if __name__ == "__main__":
    main()
