"""Writes Stable Diffusion XL at its full size with random weights in bfloat16, some 5.3 GB: what a step takes does not depend
on the weights' values. The text encoders have the real widths and one layer each, with a small tokenizer.

    python benchmarks/full_size_model.py FOLDER [--size tiny]

With --size tiny it copies the small model of the tests, to try what needs a model.
"""

import argparse
import json
import pathlib
import shutil

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
FIXTURES = REPOSITORY / "Tests/PluginTests/SDXL/Fixtures"


def main(folder: pathlib.Path) -> None:
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    folder.mkdir(parents=True)
    for name in ["model_index.json", "scheduler", "tokenizer", "tokenizer_2"]:
        source = FIXTURES / "pipeline" / name
        shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy(source, folder / name)
    config = json.loads((FIXTURES / "unet-base/config.json").read_text())
    UNet2DConditionModel.from_config(config).save_pretrained(folder / "unet", max_shard_size="20GB")
    config = json.loads((FIXTURES / "pipeline/vae/config.json").read_text())
    config |= {
        "block_out_channels": [128, 256, 512, 512],
        "layers_per_block": 2,
        "norm_num_groups": 32,
        "sample_size": 1024,
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "up_block_types": ["UpDecoderBlock2D"] * 4,
    }
    AutoencoderKL.from_config(config).save_pretrained(folder / "vae")
    for name, kind, width in [
        ("text_encoder", CLIPTextModel, 768),
        ("text_encoder_2", CLIPTextModelWithProjection, 1280),
    ]:
        config = json.loads((FIXTURES / "pipeline" / name / "config.json").read_text())
        config |= {
            "hidden_size": width,
            "intermediate_size": 4 * width,
            "num_attention_heads": width // 64,
            "num_hidden_layers": 2,
            "projection_dim": width,
        }
        kind(CLIPTextConfig(**config)).save_pretrained(folder / name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--size", choices=["tiny", "full"], default="full")
    arguments = parser.parse_args()
    if arguments.size == "tiny":
        shutil.copytree(FIXTURES / "pipeline", arguments.folder)
    else:
        main(arguments.folder)
