"""The PyTorch side of the comparison of SDXL's U-Net: diffusers' network with random weights. Prints JSON."""

import argparse
import json
import resource
import time

import torch
from diffusers import UNet2DConditionModel


def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="the U-Net's config.json")
    parser.add_argument("--size", type=int, default=64, help="height and width of the latents")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--passes", type=int, default=2, help="passes to time, after one that is not")
    arguments = parser.parse_args()
    dtype = getattr(torch, arguments.dtype)
    with open(arguments.config) as file:
        config = json.load(file)
    torch.manual_seed(0)
    torch.set_default_dtype(dtype)  # so that the weights are never held in float32
    model = UNet2DConditionModel.from_config(config).eval()
    # diffusers' own advice for speed, and how our side lays its weights out.
    model = model.to(memory_format=torch.channels_last)
    made = megabytes()
    pooled = config["projection_class_embeddings_input_dim"] - 6 * config["addition_time_embed_dim"]
    pixels = 8.0 * arguments.size
    inputs = {
        "sample": torch.randn(1, config["in_channels"], arguments.size, arguments.size),
        "timestep": torch.tensor([999.0], dtype=torch.float32),
        "encoder_hidden_states": torch.randn(1, 77, config["cross_attention_dim"]),
        "added_cond_kwargs": {
            "text_embeds": torch.randn(1, pooled),
            "time_ids": torch.tensor([[pixels, pixels, 0, 0, pixels, pixels]], dtype=torch.float32),
        },
    }
    seconds = []
    with torch.inference_mode():
        for _ in range(arguments.passes + 1):
            began = time.perf_counter()
            model(**inputs)
            seconds.append(time.perf_counter() - began)
    result = {
        "seconds": seconds[1:],
        "weights_megabytes": made,
        "peak_megabytes": megabytes(),
        "threads": torch.get_num_threads(),
        "libtorch": torch.__version__,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
