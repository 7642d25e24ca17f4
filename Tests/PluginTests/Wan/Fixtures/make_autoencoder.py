"""What diffusers' AutoencoderKLWan makes of videos and of latents.

Made with torch 2.13.0, diffusers 0.42.1, safetensors 0.8.0, after make_transformer.py, of which it takes `uniform`, `weight`
and `in_float64`: `python make_autoencoder.py`, in this folder.

For each model NAME, vae-NAME/config.json as diffusers saves it, and vae-NAME/expected.safetensors:
  mean-T, logvar-T      the posterior of T frames of pixels, for T of 1, 5, 9
  latents-T, decoded-T  latents for T frames, and what they decode to
  gradient/latents-5    of (decoded-5 * cotangent-5).sum()
  latents-tiled, decoded-tiled   of `tiny` alone: larger latents for 5 frames, and the last of these as diffusers decodes them
                                 in tiles of 24x24 pixels, 16 pixels from one to the next
Computed in float64. The weights follow from their names (`weight_here`), and so do inputs that would be large:
  pixels-T     2 * uniform("pixels-T"), [1, 3, T, height, width]
  cotangent-5  uniform("cotangent-5"), as large as decoded-5
both rounded to float32. Heights and widths of pixels are eight times those of latents-T. diffusers clamps what it decodes
to ±1; the weights are such that this changes nothing.

vae-base/config.json and vae.names.gz are of the published autoencoder, made on the meta device.
"""

import gzip
import os

import torch
from diffusers import AutoencoderKLWan
from make_transformer import in_float64, uniform, weight
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = {
    # Wan's in small.
    "tiny": dict(
        base_dim=4,
        z_dim=4,
        dim_mult=[1, 2, 2, 2],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.5, -1.0, 0.25, -0.125],
        latents_std=[2.0, 0.5, 1.5, 0.75],
    ),
    # Time halved at other levels, other widths, as many residual blocks as Wan's has.
    "two": dict(
        base_dim=4,
        z_dim=3,
        dim_mult=[1, 1, 2, 2],
        num_res_blocks=2,
        temperal_downsample=[True, False, True],
        latents_mean=[-0.25, 0.75, 0.125],
        latents_std=[1.25, 3.0, 0.5],
    ),
}
SIZES = {"tiny": (2, 3), "two": (2, 2)}  # of the latents


def weight_here(name, shape):
    """make_transformer.py's `weight`; gammas around 1, and a third for the decoder's last weight and bias."""
    if name.endswith("gamma"):
        return (1 + uniform(name, shape)).float()
    values = weight(name, shape)
    return values / 3 if name.startswith("decoder.conv_out.") else values


def rounded(values):
    """To what float32 can hold."""
    return values.float().double()


def make(name, settings):
    model = AutoencoderKLWan(**settings)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.copy_(weight_here(key, parameter.shape))
            parameter.requires_grad_(False)
    folder = f"{HERE}/vae-{name}"
    model.save_config(folder)
    model.double()

    z, (height, width) = settings["z_dim"], SIZES[name]
    generator = torch.Generator().manual_seed(1)
    normal = lambda *shape: torch.randn(*shape, generator=generator)
    tensors = {}
    for frames in (1, 5, 9):
        key = f"pixels-{frames}"
        pixels = rounded(2 * uniform(key, [1, 3, frames, 8 * height, 8 * width]))
        latents = normal(1, z, 1 + frames // 4, height, width)
        leaf = latents.double().requires_grad_()
        with in_float64():
            posterior = model.encode(pixels).latent_dist
            decoded = model.decode(leaf).sample
        assert decoded.shape == pixels.shape and decoded.abs().max() < 1
        tensors |= {f"mean-{frames}": posterior.mean, f"logvar-{frames}": posterior.logvar}
        tensors |= {f"latents-{frames}": latents, f"decoded-{frames}": decoded}
        if frames == 5:
            cotangent = rounded(uniform("cotangent-5", decoded.shape))
            (tensors["gradient/latents-5"],) = torch.autograd.grad((decoded * cotangent).sum(), leaf)
        print(name, frames, "frames, decoded to", decoded.abs().max().item(), "mean to", posterior.mean.abs().max().item())
    if name == "tiny":
        model.enable_tiling(24, 24, 16, 16)
        latents = normal(1, z, 2, 4, 5)
        with in_float64(), torch.no_grad():
            decoded = model.decode(latents.double()).sample
        assert decoded.shape[2] == 5 and decoded.abs().max() < 1
        tensors |= {"latents-tiled": latents, "decoded-tiled": decoded[:, :, 4:]}
    tensors = {key: value.detach().float().contiguous() for key, value in tensors.items()}
    save_file(tensors, f"{folder}/expected.safetensors")


def main():
    torch.set_num_threads(1)
    for name, settings in MODELS.items():
        make(name, settings)
    with torch.device("meta"):
        published = AutoencoderKLWan()
    published.save_config(f"{HERE}/vae-base")
    lines = sorted(f"{key}\t{list(value.shape)}\n" for key, value in published.state_dict().items())
    with open(f"{HERE}/vae.names.gz", "wb") as file:
        file.write(gzip.compress("".join(lines).encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
