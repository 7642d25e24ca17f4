"""Tiny random CLIP text models as transformers saves them, and what they make of some ids.

Writes the folders clip-*, a model and expected.safetensors in each, and the lists of a full model's tensors. Made with Python 3.11, torch 2.15.0,
transformers 5.23.0 and safetensors 0.8.0: `python make_clip.py`, in this folder.
"""

import gzip
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

here = Path(__file__).parent
common = dict(
    vocab_size=99, hidden_size=24, intermediate_size=37, num_hidden_layers=3, num_attention_heads=4,
    max_position_embeddings=13, projection_dim=20)  # fmt: skip


def save(name, kind, config, ids, prefix=None):
    torch.manual_seed(len(name))
    model = kind(CLIPTextConfig(**common | config)).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # far from the defaults, norms and biases included
            parameter.add_(torch.randn_like(parameter) * 0.2)
        output = model(ids, output_hidden_states=True)
        pooled = model.text_model(ids).pooler_output if hasattr(model, "text_projection") else output.pooler_output
    folder = here / name
    model.save_pretrained(folder)
    if prefix:  # the layout of transformers before 5, with the buffer that the oldest files have
        state = {prefix + key: value for key, value in load_file(folder / "model.safetensors").items()}
        state[prefix + "embeddings.position_ids"] = torch.arange(13)[None]
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    expected = dict(ids=ids, penultimate=output.hidden_states[-2], last=output.last_hidden_state, pooled=pooled)
    if hasattr(output, "text_embeds"):
        expected["projected"] = output.text_embeds
    save_file({key: value.contiguous() for key, value in expected.items()}, folder / "expected.safetensors")


torch.manual_seed(0)
ids = torch.randint(3, 97, (3, 13))
ids[:, 0] = 97
for row, end in enumerate([5, 12, 1]):  # the largest id marks the end, and pads
    ids[row, end:] = 98
padded = ids.clone()  # with a true end token, another one pads, and larger ids come before the end
padded[0, 6:] = 0
padded[2, 2:] = 0
padded[padded == 98] = 50
padded[:, 0] = 97
padded[1, 3] = 50
save("clip-plain", CLIPTextModel, dict(eos_token_id=2, hidden_act="quick_gelu"), ids)
save("clip-prefixed", CLIPTextModel, dict(eos_token_id=2, hidden_act="quick_gelu"), ids, prefix="text_model.")
save("clip-projected", CLIPTextModelWithProjection, dict(eos_token_id=2, hidden_act="gelu"), ids)
save("clip-projected-end", CLIPTextModelWithProjection, dict(eos_token_id=50, hidden_act="gelu"), padded)

# Names and shapes of SDXL's two text encoders, in the layout that CLIPTextModel had before transformers 5.
large = dict(vocab_size=49408, max_position_embeddings=77)
sizes = {
    "clip-l": (CLIPTextModel, dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)),
    "clip-bigg": (
        CLIPTextModelWithProjection,
        dict(hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=20, projection_dim=1280)),
}  # fmt: skip
for name, (kind, config) in sizes.items():
    with torch.device("meta"):
        state = kind(CLIPTextConfig(**large | config)).state_dict()
    prefix = "text_model." if kind is CLIPTextModel else ""
    lines = sorted(f"{prefix}{key}\t{list(value.shape)}\n" for key, value in state.items())
    (here / f"{name}.names.gz").write_bytes(gzip.compress("".join(lines).encode(), 9, mtime=0))
