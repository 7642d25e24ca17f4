"""What diffusers' UNet2DConditionModel computes, for UNetTests.swift.

    python make_unet.py [--base]

Made with torch 2.13.0, diffusers 0.42.1, safetensors 0.8.0.

For each configuration NAME:
  unet-NAME/config.json            as diffusers saves it
  unet-NAME/expected.safetensors   inputs, a cotangent of the output, the output, the middle's features, and gradients
Computed in float64, from float32 inputs. The weights follow from their names (`weight`), so that no file holds them, save
for `saved`, whose weights diffusers itself has written.

Gradients of every parameter come as two numbers: the norm, and the product with `uniform("probe NAME")`; those of the
parameters in EXACT in full.

With --base, unet-base/config.json and unet.names.gz are made of SDXL-base's UNet on the meta device.
"""

import argparse
import gzip
import os

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = {"addition_embed_type": "text_time"}
CONFIGURATIONS = {
    # SDXL in small.
    "tiny": dict(
        TEXT,
        block_out_channels=(32, 64),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4),
        transformer_layers_per_block=(1, 2),
        use_linear_projection=True,
        norm_num_groups=16,  # with as many as channels, norms would take the embedding of time away again
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=80,
        cross_attention_dim=64,
        sample_size=32,
    ),
    # Three levels, the ways down and up unlike each other, other heads and groups at each, sines first.
    "mixed": dict(
        TEXT,
        in_channels=5,
        out_channels=3,
        block_out_channels=(16, 24, 40),
        layers_per_block=(1, 2, 1),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        attention_head_dim=(2, 3, 5),
        transformer_layers_per_block=(2, 1, 3),
        use_linear_projection=True,
        norm_num_groups=8,
        addition_time_embed_dim=6,
        projection_class_embeddings_input_dim=46,
        cross_attention_dim=20,
        flip_sin_to_cos=False,
        freq_shift=1,
        sample_size=(12, 20),
    ),
    # 1x1 convolutions around the transformers, sizes that do not halve, another epsilon and scale of the middle.
    "odd": dict(
        TEXT,
        block_out_channels=(8, 16, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=4,
        use_linear_projection=False,
        norm_num_groups=4,
        norm_eps=1e-3,
        mid_block_scale_factor=1.5,
        addition_time_embed_dim=4,
        projection_class_embeddings_input_dim=40,
        cross_attention_dim=12,
    ),
    # Scales by the embedding, padding to the lower right alone, four levels.
    "scaled": dict(
        TEXT,
        block_out_channels=(8, 8, 16, 24),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D", "UpBlock2D", "CrossAttnUpBlock2D"),
        attention_head_dim=(1, 2, 4, 3),
        use_linear_projection=False,
        norm_num_groups=4,
        resnet_time_scale_shift="scale_shift",
        downsample_padding=0,
        addition_time_embed_dim=2,
        projection_class_embeddings_input_dim=17,
        cross_attention_dim=9,
    ),
    # One level: nothing is resampled. An odd width of sinusoids.
    "flat": dict(
        TEXT,
        block_out_channels=(15,),
        layers_per_block=2,
        down_block_types=("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",),
        attention_head_dim=3,
        transformer_layers_per_block=2,
        use_linear_projection=True,
        norm_num_groups=5,
        addition_time_embed_dim=5,
        projection_class_embeddings_input_dim=37,
        cross_attention_dim=11,
    ),
    # With weights in a file.
    "saved": dict(
        TEXT,
        block_out_channels=(4, 8),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(1, 2),
        use_linear_projection=True,
        norm_num_groups=2,
        addition_time_embed_dim=2,
        projection_class_embeddings_input_dim=16,
        cross_attention_dim=6,
        sample_size=8,
    ),
}
SIZES = {"tiny": (16, 12), "mixed": (12, 20), "odd": (9, 14), "scaled": (19, 22), "flat": (5, 7), "saved": (8, 8)}
EXACT = [
    "conv_in.weight",
    "time_embedding.linear_2.bias",
    "add_embedding.linear_1.bias",
    "down_blocks.0.resnets.0.conv2.bias",
    "mid_block.attentions.0.norm.weight",
    "mid_block.attentions.0.transformer_blocks.0.norm2.weight",
    "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight",
    "mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj.bias",
    "mid_block.resnets.1.norm1.bias",
    "up_blocks.0.resnets.0.norm1.weight",
    "conv_out.weight",
]
BASE = dict(
    TEXT,
    sample_size=128,
    block_out_channels=(320, 640, 1280),
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    transformer_layers_per_block=(1, 2, 10),
    attention_head_dim=(5, 10, 20),
    cross_attention_dim=2048,
    use_linear_projection=True,
    addition_time_embed_dim=256,
    projection_class_embeddings_input_dim=2816,
    upcast_attention=None,
)


def uniform(name, shape):
    """Numbers in ±½ that look random and follow from the name; the same in any program that has float64."""
    seed = 0
    for byte in name.encode():
        seed = (seed * 31 + byte) % 1_000_003
    count = torch.Size(shape).numel()
    wave = torch.sin(torch.arange(count, dtype=torch.float64) * 12.9898 + seed / 1000) * 43758.5453
    return (wave - wave.floor() - 0.5).reshape(shape)


def weight(name, shape):
    """Norms' weights around 1, biases around 0, other weights of a size that keeps the variance."""
    values = uniform(name, shape)
    if len(shape) > 1:
        values = values * (12 / torch.Size(shape[1:]).numel()) ** 0.5
    else:
        values = values + 1 if name.endswith("weight") else values * 0.4
    return values.float()


def make(name, settings):
    model = UNet2DConditionModel(**settings)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.copy_(weight(key, parameter.shape))
    folder = f"{HERE}/unet-{name}"
    if name == "saved":
        model.save_pretrained(folder)
    else:
        model.save_config(folder)
    model.double()

    c = model.config
    generator = torch.Generator().manual_seed(1)
    normal = lambda *shape: torch.randn(*shape, generator=generator)
    batch, (height, width) = 2, SIZES[name]
    inputs = {
        "sample": normal(batch, c.in_channels, height, width),
        "timestep": torch.tensor([999.0, 17.25]),
        "text": normal(batch, 7, c.cross_attention_dim),
        "pooled": normal(batch, c.projection_class_embeddings_input_dim - 6 * c.addition_time_embed_dim),
        "time_ids": torch.tensor([[1024.0, 768, 0, 16, 1024, 1024], [512, 640, 3, 0, 768, 896]]),
    }
    cotangent = normal(batch, c.out_channels, height, width)
    leaves = {key: inputs[key].double().requires_grad_() for key in ("sample", "text", "pooled")}
    found = {}
    model.mid_block.register_forward_hook(lambda module, given, output: found.update(middle=output))
    output = model(
        leaves["sample"],
        inputs["timestep"],
        leaves["text"],
        added_cond_kwargs={"text_embeds": leaves["pooled"], "time_ids": inputs["time_ids"]},
    ).sample
    (output * cotangent.double()).sum().backward()

    parameters = dict(sorted(model.named_parameters()))
    gradients = {key: leaf.grad for key, leaf in leaves.items()}
    gradients |= {key: parameters[key].grad for key in EXACT}
    probes = [(p.grad * uniform(f"probe {key}", p.shape)).sum() for key, p in parameters.items()]
    tensors = inputs | {"cotangent": cotangent, "output": output.detach(), "middle": found["middle"].detach()}
    tensors |= {f"gradient/{key}": value for key, value in gradients.items()}
    tensors |= {"norms": torch.stack([p.grad.norm() for p in parameters.values()]), "probes": torch.stack(probes)}
    save_file({key: value.float().contiguous() for key, value in tensors.items()}, f"{folder}/expected.safetensors")
    print(name, sum(p.numel() for p in parameters.values()), "parameters, output to", output.abs().max().item())


def make_base():
    with torch.device("meta"):
        model = UNet2DConditionModel(**BASE)
    folder = f"{HERE}/unet-base"
    model.save_config(folder)
    lines = [f"{key}\t{list(value.shape)}\n" for key, value in model.state_dict().items()]
    with open(f"{folder}/unet.names.gz", "wb") as file:
        file.write(gzip.compress("".join(lines).encode(), 9, mtime=0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", action="store_true", help="make unet-base too")
    arguments = parser.parse_args()
    for name, settings in CONFIGURATIONS.items():
        make(name, settings)
    if arguments.base:
        make_base()


if __name__ == "__main__":
    main()
