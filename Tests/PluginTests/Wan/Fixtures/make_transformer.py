"""What diffusers' WanTransformer3DModel computes.

    python make_transformer.py [--names]

Made with torch 2.13.0, diffusers 0.42.1, safetensors 0.8.0.

For each configuration NAME:
  transformer-NAME/config.json            as diffusers saves it
  transformer-NAME/expected.safetensors   inputs, a cotangent of the output, the output, and gradients
Computed in float64, from float32 inputs; diffusers' own casts to float32 are switched off for that (`in_float64`), save for
the angles of the time's sinusoids, which it makes in float32. The weights follow from their names (`weight`), so that no
file holds them, save for `saved`, whose weights diffusers itself has written, in two shards.

`block-0` holds the tokens after the first block, in the order of frames, rows, columns: [batch, tokens, width].

Gradients of every parameter come as two numbers: the norm, and the product with `uniform("probe NAME")`; the parameters are
sorted by name. Those of the parameters in EXACT come in full, if they have no more than LARGEST numbers.

`output-bfloat16`, of `tiny` alone, is what the model computes that diffusers loads with torch_dtype=torch.bfloat16, from the
sample and the text in bfloat16 and the time in float32. Parameters of which a part of the name, between points, is
time_embedder, scale_shift_table, norm1, norm2 or norm3 stay in float32 there. It depends on the processor a little.

With --names, of the published models, made on the meta device:
  transformer-1.3B/config.json, transformer-1.3B.names.gz, and the same for 14B
and original-names.gz: the names and shapes that the tiny transformer would have in Wan's own checkpoints.
"""

import argparse
import gzip
import os
import tempfile
from contextlib import contextmanager

import torch
from diffusers import WanTransformer3DModel
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
CONFIGURATIONS = {
    # Wan in small: two heads, whose pairs the three axes share equally.
    "tiny": dict(
        num_attention_heads=2,
        attention_head_dim=12,
        num_layers=2,
        ffn_dim=32,
        text_dim=32,
        freq_dim=16,
        rope_max_seq_len=32,
    ),
    # A head as wide as Wan's: 44 channels turn by the frame, 42 by the row and 42 by the column.
    "wide": dict(
        num_attention_heads=1,
        attention_head_dim=128,
        num_layers=1,
        ffn_dim=16,
        text_dim=8,
        freq_dim=32,
        in_channels=4,
        out_channels=4,
    ),
    # With weights in files.
    "saved": dict(
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=1,
        ffn_dim=8,
        text_dim=6,
        freq_dim=4,
        in_channels=3,
        out_channels=3,
        rope_max_seq_len=16,
    ),
}
SIZES = {"tiny": (3, 4, 6), "wide": (2, 4, 6), "saved": (2, 4, 2)}
EXACT = [
    "patch_embedding.weight",
    "condition_embedder.time_proj.bias",
    "condition_embedder.text_embedder.linear_1.weight",
    "blocks.0.scale_shift_table",
    "blocks.0.attn1.norm_q.weight",
    "blocks.0.attn1.to_q.weight",
    "blocks.0.attn2.to_k.bias",
    "blocks.0.norm2.weight",
    "blocks.0.ffn.net.0.proj.bias",
    "scale_shift_table",
    "proj_out.weight",
]
LARGEST = 4096
PUBLISHED = {
    "1.3B": dict(num_attention_heads=12, num_layers=30, ffn_dim=8960),
    "14B": dict(num_attention_heads=40, num_layers=40, ffn_dim=13824),
}
# Parts of the names in Wan's own checkpoints, and here.
ORIGINAL = {
    "text_embedding.0": "condition_embedder.text_embedder.linear_1",
    "text_embedding.2": "condition_embedder.text_embedder.linear_2",
    "time_embedding.0": "condition_embedder.time_embedder.linear_1",
    "time_embedding.2": "condition_embedder.time_embedder.linear_2",
    "time_projection.1": "condition_embedder.time_proj",
    "head.head": "proj_out",
    "self_attn": "attn1",
    "cross_attn": "attn2",
    "norm3": "norm2",
    "ffn.0": "ffn.net.0.proj",
    "ffn.2": "ffn.net.2",
    ".q.": ".to_q.",
    ".k.": ".to_k.",
    ".v.": ".to_v.",
    ".o.": ".to_out.0.",
}


def uniform(name, shape):
    """Numbers in ±½ that look random and follow from the name; the same in any program that has float64."""
    seed = 0
    for byte in name.encode():
        seed = (seed * 31 + byte) % 1_000_003
    count = torch.Size(shape).numel()
    wave = torch.sin(torch.arange(count, dtype=torch.float64) * 12.9898 + seed / 1000) * 43758.5453
    return (wave - wave.floor() - 0.5).reshape(shape)


def weight(name, shape):
    """Norms' weights around 1, biases around 0, other weights of a size that keeps the variance.

    A scale_shift_table, [1, 6 or 2, width], is one of the others: its size follows from all but its first dimension.
    """
    values = uniform(name, shape)
    if len(shape) > 1:
        values = values * (12 / torch.Size(shape[1:]).numel()) ** 0.5
    else:
        values = values + 1 if name.endswith("weight") else values * 0.4
    return values.to(torch.float32)


@contextmanager
def in_float64():
    """Within, what is float64 stays so where diffusers and transformers cast to float32."""
    floated, cast = torch.Tensor.float, torch.Tensor.to
    double = lambda tensor: tensor.dtype == torch.float64
    torch.Tensor.float = lambda tensor: tensor if double(tensor) else floated(tensor)
    torch.Tensor.to = lambda tensor, *to, **how: tensor if double(tensor) and to == (torch.float32,) else cast(tensor, *to, **how)
    try:
        yield
    finally:
        torch.Tensor.float, torch.Tensor.to = floated, cast


def original(name):
    """The name in Wan's own checkpoints."""
    for theirs, here in ORIGINAL.items():
        name = name.replace(here, theirs)
    if name.startswith("blocks."):
        return name.replace("scale_shift_table", "modulation")
    return name.replace("scale_shift_table", "head.modulation")


def in_bfloat16(model, inputs):
    """The output of the model as diffusers loads it in bfloat16."""
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        model.save_pretrained(folder)
        model = WanTransformer3DModel.from_pretrained(folder, torch_dtype=torch.bfloat16)
        sample, text = (inputs[key].bfloat16() for key in ("sample", "text"))
        return model(sample, inputs["timestep"], text).sample


def make(name, settings):
    model = WanTransformer3DModel(**settings)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.copy_(weight(key, parameter.shape))
    folder = f"{HERE}/transformer-{name}"
    if name == "saved":
        model.save_pretrained(folder, max_shard_size=12000)
    else:
        model.save_config(folder)

    c = model.config
    generator = torch.Generator().manual_seed(1)
    normal = lambda *shape: torch.randn(*shape, generator=generator)
    inputs = {
        "sample": normal(2, c.in_channels, *SIZES[name]),
        "timestep": torch.tensor([999.0, 437.5]),
        "text": normal(2, 7, c.text_dim),
    }
    cotangent = normal(2, c.out_channels, *SIZES[name])
    tensors = inputs | {"cotangent": cotangent}
    if name == "tiny":
        tensors["output-bfloat16"] = in_bfloat16(model, inputs)

    model.double()
    leaves = {key: inputs[key].double().requires_grad_() for key in ("sample", "text")}
    found = {}
    model.blocks[0].register_forward_hook(lambda module, given, output: found.update(block=output))
    with in_float64():
        output = model(leaves["sample"], inputs["timestep"], leaves["text"]).sample
    assert output.dtype == found["block"].dtype == torch.float64
    (output * cotangent.double()).sum().backward()

    parameters = dict(sorted(model.named_parameters()))
    gradients = {key: leaf.grad for key, leaf in leaves.items()}
    gradients |= {key: parameters[key].grad for key in EXACT if parameters[key].numel() <= LARGEST}
    probes = [(p.grad * uniform(f"probe {key}", p.shape)).sum() for key, p in parameters.items()]
    tensors |= {"output": output, "block-0": found["block"]}
    tensors |= {f"gradient/{key}": value for key, value in gradients.items()}
    tensors |= {"norms": torch.stack([p.grad.norm() for p in parameters.values()]), "probes": torch.stack(probes)}
    tensors = {key: value.detach().float().contiguous() for key, value in tensors.items()}
    save_file(tensors, f"{folder}/expected.safetensors")
    print(name, sum(p.numel() for p in parameters.values()), "parameters, output to", output.abs().max().item())


def write(name, lines):
    with open(f"{HERE}/{name}", "wb") as file:
        file.write(gzip.compress("".join(lines).encode(), 9, mtime=0))


def make_names():
    for name, settings in PUBLISHED.items():
        with torch.device("meta"):
            model = WanTransformer3DModel(**settings)
        model.save_config(f"{HERE}/transformer-{name}")
        state = model.state_dict()
        write(f"transformer-{name}.names.gz", [f"{key}\t{list(value.shape)}\n" for key, value in state.items()])
    with torch.device("meta"):
        state = WanTransformer3DModel(**CONFIGURATIONS["tiny"]).state_dict()
    write("original-names.gz", [f"{original(key)}\t{list(value.shape)}\n" for key, value in state.items()])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", action="store_true", help="make the names of the published models too")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name, settings in CONFIGURATIONS.items():
        make(name, settings)
    if arguments.names:
        make_names()


if __name__ == "__main__":
    main()
