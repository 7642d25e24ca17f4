"""Tiny random autoencoders as diffusers saves them, what they make of images and latents, and a full one's tensors.

Writes the folders vae-* and vae.names.gz. Made with Python 3.11, torch 2.13.0, diffusers 0.42.1 and safetensors 0.8.0:
`python make_autoencoder.py`, in this folder.
"""

import gzip
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file

here = Path(__file__).parent
down, up = "DownEncoderBlock2D", "UpDecoderBlock2D"
models = {
    # Three levels of unequal width, as SDXL's is made.
    "vae-three": dict(
        block_out_channels=[4, 4, 6], down_block_types=[down] * 3, up_block_types=[up] * 3, layers_per_block=2,
        norm_num_groups=2, sample_size=32, scaling_factor=0.13025),
    # Everything that can be otherwise.
    "vae-other": dict(
        block_out_channels=[6, 9], down_block_types=[down] * 2, up_block_types=[up] * 2, layers_per_block=1,
        norm_num_groups=3, sample_size=16, latent_channels=3, use_quant_conv=False, use_post_quant_conv=False,
        mid_block_add_attention=False, force_upcast=False, latents_mean=[0.5, -1.0, 0.25], latents_std=[2.0, 0.5, 1.5],
        in_channels=1, out_channels=2),
}  # fmt: skip

for seed, (name, config) in enumerate(models.items()):
    torch.manual_seed(seed)
    model = AutoencoderKL(**config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(here / name)
    side = 16  # of the images
    factor = 2 ** (len(config["block_out_channels"]) - 1)
    channels = config.get("latent_channels", 4)
    images = torch.rand(2, config.get("in_channels", 3), side, side + 2 * factor) * 2 - 1
    latents = torch.randn(2, channels, side // factor, side // factor + 1)
    noise = torch.randn(2, channels, side // factor, side // factor + 2)
    posterior = model.encode(images).latent_dist
    latents.requires_grad_()
    decoded = model.decode(latents).sample
    seed_gradient = torch.randn_like(decoded)
    decoded.backward(seed_gradient)
    expected = dict(
        images=images, mean=posterior.mean, log_variance=posterior.logvar, noise=noise,
        sample=posterior.mean + posterior.std * noise, latents=latents, decoded=decoded, seed=seed_gradient,
        latents_gradient=latents.grad)  # fmt: skip
    for key, parameter in model.named_parameters():
        if key in ("decoder.conv_in.weight", "decoder.up_blocks.0.resnets.0.norm1.bias", "decoder.mid_block.attentions.0.to_q.weight"):
            expected["gradient." + key] = parameter.grad
    # A large image in tiles, rows and columns that do not come out even included.
    large = torch.randn(1, channels, 13, 17)
    with torch.no_grad():
        model.enable_tiling()
        expected |= dict(large=large, tiled=model.decode(large).sample)
    save_file({key: value.detach().contiguous() for key, value in expected.items()}, here / name / "expected.safetensors")

# The first one's encoder and decoder with the names that the attention had before diffusers 0.15, as 1x1 convolutions.
folder = here / "vae-three"
state = load_file(folder / "diffusion_pytorch_model.safetensors")
old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
aliased = {}
for key, value in state.items():
    for new, name in old.items():
        if f"mid_block.attentions.0.{new}." in key:
            key = key.replace(new, name)
            value = value[:, :, None, None] if value.ndim == 2 else value
    aliased[key] = value.contiguous()
save_file({key: value for key, value in aliased.items() if "mid_block.attentions" in key}, folder / "old_attention.safetensors")

with torch.device("meta"):
    full = AutoencoderKL(
        block_out_channels=[128, 256, 512, 512], down_block_types=[down] * 4, up_block_types=[up] * 4,
        layers_per_block=2, sample_size=1024)  # fmt: skip
lines = sorted(f"{key}\t{list(value.shape)}\n" for key, value in full.state_dict().items())
(here / "vae.names.gz").write_bytes(gzip.compress("".join(lines).encode(), 9, mtime=0))
