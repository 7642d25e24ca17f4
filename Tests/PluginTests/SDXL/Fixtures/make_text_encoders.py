"""A tiny SDXL pipeline without U-Net and autoencoder, as diffusers saves it, and what it makes of some prompts.

Writes the folder text-encoders. Made with Python 3.11, torch 2.15.0, diffusers 0.42.1, transformers 5.23.0 and
safetensors 0.8.0: `python make_text_encoders.py`, in this folder. The tokenizers have CLIP's first merges, of
../../../EncodersTests/Fixtures/merges.txt.gz, and so split most words.
"""

import gzip
import json
import tempfile
from pathlib import Path

import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

here = Path(__file__).parent
merges = gzip.open(here.parents[2] / "EncodersTests/Fixtures/merges.txt.gz", "rt").read().split("\n")[1:81]
plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
letters = [chr(b) for b in plain] + [chr(256 + i) for i in range(256 - len(plain))]
tokens = letters + [x + "</w>" for x in letters] + [m.replace(" ", "") for m in merges]
start, end = "<|startoftext|>", "<|endoftext|>"
vocab = {token: index for index, token in enumerate(tokens + [start, end])}


def tokenizer(pad):
    config = dict(
        bos_token=start, eos_token=end, unk_token=end, pad_token=pad, model_max_length=77,
        tokenizer_class="CLIPTokenizer")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vocab.json").write_text(json.dumps(vocab))
        (Path(folder) / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
        (Path(folder) / "tokenizer_config.json").write_text(json.dumps(config))
        return CLIPTokenizer.from_pretrained(folder)


def encoder(kind, width, heads, act):
    model = kind(
        CLIPTextConfig(
            vocab_size=len(vocab), hidden_size=width, intermediate_size=20, num_hidden_layers=3, projection_dim=6,
            num_attention_heads=heads, hidden_act=act, eos_token_id=2, bos_token_id=0)).eval()  # fmt: skip
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return model


torch.manual_seed(0)
pipeline = StableDiffusionXLPipeline(
    vae=None, unet=None, scheduler=EulerDiscreteScheduler(),
    text_encoder=encoder(CLIPTextModel, 8, 2, "quick_gelu"), tokenizer=tokenizer(end),
    text_encoder_2=encoder(CLIPTextModelWithProjection, 12, 3, "gelu"), tokenizer_2=tokenizer("!"),
)  # fmt: skip
pipeline.save_pretrained(here / "text-encoders")
prompts = ["a cat!", "", "An astronaut, riding a horse; it's 4K 😀", "the end of the long road " * 20, "!!"]
(here / "text-encoders" / "prompts.json").write_text(json.dumps(prompts))


def encode(prompts):
    with torch.no_grad():
        return pipeline.encode_prompt(prompts, do_classifier_free_guidance=True, device="cpu")


text, zeros, pooled, pooled_zeros = encode(prompts)
assert not zeros.any() and not pooled_zeros.any()
pipeline.register_to_config(force_zeros_for_empty_prompt=False)
_, empty, _, pooled_empty = encode(prompts[:1])
expected = dict(text=text, pooled=pooled, empty=empty, pooled_empty=pooled_empty)
save_file({key: value.contiguous() for key, value in expected.items()}, here / "text-encoders" / "expected.safetensors")
