"""Loads what `fewstep export` made of a Wan student with diffusers: adapters with both kinds of names, diffusers' folder, and
that of the authors. Every key must be known and every tensor used, and all of them must be the same student.

    python benchmarks/wan_load.py FOLDER

FOLDER has the pipeline in model/, and exported/ with peft.safetensors, comfyui.safetensors, component/ and original/, in float32.
"""

import json
import pathlib
import sys

import torch
from diffusers import WanPipeline, WanTransformer3DModel
from diffusers.loaders.single_file_utils import convert_wan_transformer_to_diffusers
from safetensors import safe_open
from safetensors.torch import load_file


def opened(folder: pathlib.Path) -> dict[str, safe_open]:
    """The file of each tensor in a folder."""
    files = [safe_open(path, "pt") for path in sorted(folder.glob("*.safetensors"))]
    return {name: file for file in files for name in file.keys()}


def made(network: WanTransformer3DModel, folder: pathlib.Path) -> torch.Tensor:
    given = load_file(folder / "smallest.safetensors")
    with torch.no_grad():
        output = network(given["sample"], timestep=given["timestep"], encoder_hidden_states=given["text"]).sample
    assert output.isfinite().all()
    return output


def adapted(pipeline: WanPipeline, path: pathlib.Path) -> None:
    """Loads adapters, and checks that the network has all of them and no others."""
    pipeline.load_lora_weights(path)
    stored = {key.removeprefix("transformer."): value for key, value in pipeline.lora_state_dict(path).items()}
    assert len(stored) == len(load_file(path))
    loaded = {
        name.replace(".default_0", ""): parameter
        for name, parameter in pipeline.transformer.named_parameters()
        if ".lora_" in name
    }
    assert loaded.keys() == stored.keys(), loaded.keys() ^ stored.keys()
    assert all(torch.equal(loaded[key], stored[key].float()) for key in stored)
    assert all(value.any() for value in stored.values())
    print(f"{path.name}: {len(stored) // 2} adapters, all keys match")


def main(folder: pathlib.Path) -> None:
    exported = folder / "exported"
    network = WanTransformer3DModel.from_pretrained(folder / "model", subfolder="transformer", torch_dtype=torch.float32)
    pipeline = WanPipeline(tokenizer=None, text_encoder=None, vae=None, scheduler=None, transformer=network)
    outputs = {"without adapters": made(network, folder)}
    for name in ["peft", "comfyui"]:
        adapted(pipeline, exported / f"{name}.safetensors")
        outputs[name] = made(network, folder)
        pipeline.unload_lora_weights()
    del network, pipeline

    network, info = WanTransformer3DModel.from_pretrained(
        exported / "component", torch_dtype=torch.float32, output_loading_info=True
    )
    assert not any(info.values()), info
    outputs["component"] = made(network, folder)
    state = network.state_dict()
    print(f"component: {len(state)} tensors, all keys match")
    theirs = opened(exported / "original")
    names = convert_wan_transformer_to_diffusers({name: name for name in theirs})
    assert names.keys() == state.keys(), names.keys() ^ state.keys()
    for name, original in names.items():
        assert torch.equal(theirs[original].get_tensor(original), state[name]), name
    config = json.loads((exported / "original/config.json").read_text())
    assert config["dim"] == network.config.num_attention_heads * network.config.attention_head_dim
    print(f"original: {len(names)} tensors, all keys and values those of component")

    reference = outputs["component"]
    for name, output in outputs.items():
        print(f"{name}: a pass differs from component's by {(output - reference).abs().max() / reference.abs().max():.2e}")
        assert name == "without adapters" or torch.allclose(output, reference, atol=1e-4 * reference.abs().max())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
