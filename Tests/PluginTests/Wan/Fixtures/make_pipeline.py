"""A whole tiny Wan pipeline, as diffusers saves it and as Wan's own checkpoints are laid out, and what it makes of prompts.

Made with torch 2.13.0, diffusers 0.42.1, transformers 5.23.0, safetensors 0.8.0 and ftfy 6.3.1, after make_transformer.py,
make_autoencoder.py and make_tokenizer.py, of which it takes weights and the tokenizer: `python make_pipeline.py`, here.

pipeline/ is what diffusers saves, without tokenizer/: that is ../tokenizer, whose files are to be unpacked there. The
autoencoder and the text encoder are stored in bfloat16, the transformer in float32.

original/ holds the same weights by their names in Wan's own checkpoints: config.json, diffusion_pytorch_model.safetensors,
Wan2.1_VAE.pth and models_t5_umt5-xxl-enc-bf16.pth; google/umt5-xxl would be the tokenizer's folder. Neither the width of the
text nor anything about the autoencoder and the text encoder is said there: all of it follows from the tensors' shapes, save
for the statistics of the latents, which are the published ones. Each tensor of the text encoder has its own storage; all of
the autoencoder's lie in one.

pipeline/prompts.json has two prompts and a negative one; pipeline/expected.safetensors what the pipeline makes in float32:
  text, negative   the first 24 of the 512 rows of the prompts' embeddings, [2, 24, 8] and [1, 24, 8]
  lengths          how many rows of these three are not 0
  noise, latents   a start, and the first prompt's video after 4 steps with a guidance of 5, normalized as the transformer
                   has it: [1, 16, 2, 4, 6]
  pixels           the last of its 5 frames, decoded: [1, 3, 1, 32, 48]
"""

import gzip
import json
import os
import shutil
import tempfile
from collections import OrderedDict

import make_autoencoder
import make_transformer
import torch
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
from diffusers.pipelines.wan.pipeline_wan import prompt_clean
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import T5TokenizerFast, UMT5Config, UMT5EncoderModel

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER, ORIGINAL = f"{HERE}/pipeline", f"{HERE}/original"
TRANSFORMER = dict(
    num_attention_heads=2,
    attention_head_dim=6,
    num_layers=1,
    ffn_dim=16,
    text_dim=8,
)
AUTOENCODER = dict(base_dim=2, dim_mult=[1, 2, 2, 2])  # the rest as Wan's has it
ENCODER = dict(
    vocab_size=576,
    d_model=8,
    d_kv=4,
    d_ff=16,
    num_layers=2,
    num_heads=2,
    feed_forward_proj="gated-gelu",
    is_encoder_decoder=True,
    scalable_attention=True,
)
CONFIG = {
    "_class_name": "WanModel",
    "_diffusers_version": "0.30.0",
    "dim": 12,
    "eps": 1e-06,
    "ffn_dim": 16,
    "freq_dim": 256,
    "in_dim": 16,
    "model_type": "t2v",
    "num_heads": 2,
    "num_layers": 1,
    "out_dim": 16,
    "text_len": 512,
}
PROMPTS = ["  A cat &amp; a dog “bake” a\n cake,   4K! ", "一只猫，在 Küche; кошка 🐱"]
NEGATIVE = "static, 低质量，画面"
SHOWN = 24
# Parts of the names in Wan's own checkpoints, and here.
RESIDUAL = {
    "residual.0": "norm1",
    "residual.2": "conv1",
    "residual.3": "norm2",
    "residual.6": "conv2",
    "shortcut": "conv_shortcut",
}
ATTENTION = {
    "norm1": "layer.0.layer_norm",
    "norm2": "layer.1.layer_norm",
    "attn": "layer.0.SelfAttention",
    "ffn.gate.0": "layer.1.DenseReluDense.wi_0",
    "ffn.fc1": "layer.1.DenseReluDense.wi_1",
    "ffn.fc2": "layer.1.DenseReluDense.wo",
}


def original_autoencoder(name):
    """The name in Wan2.1_VAE.pth."""
    name = name.replace("post_quant_conv", "conv2").replace("quant_conv", "conv1")
    name = name.replace("mid_block.resnets.0", "middle.0").replace("mid_block.attentions.0", "middle.1")
    name = name.replace("mid_block.resnets.1", "middle.2").replace("norm_out", "head.0").replace("conv_out", "head.2")
    name = name.replace("coder.conv_in", "coder.conv1").replace("down_blocks", "downsamples")
    parts = name.split(".")
    if parts[1] == "up_blocks":
        # A level has three residual blocks and what doubles the sides, numbered throughout.
        index = 4 * int(parts[2]) + (3 if parts[3] == "upsamplers" else int(parts[4]))
        name = ".".join(["decoder.upsamples", str(index), *parts[5:]])
    if ".downsamples." in name or ".upsamples." in name or ".middle." in name:
        for theirs, here in RESIDUAL.items():
            name = name.replace(f".{here}.", f".{theirs}.")
    return name


def original_encoder(name):
    """The name in models_t5_umt5-xxl-enc-bf16.pth."""
    name = name.replace("shared", "token_embedding").replace("encoder.block", "blocks")
    name = name.replace("encoder.final_layer_norm", "norm")
    name = name.replace("layer.0.SelfAttention.relative_attention_bias", "pos_embedding.embedding")
    for theirs, here in ATTENTION.items():
        name = name.replace(here, theirs)
    return name


def filled(model, weight):
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.copy_(weight(key, parameter.shape))
    return model.eval()


def stored(tokenizer):
    """The tokenizer as transformers loads it from ../tokenizer, and as tokenizer.json says."""
    with tempfile.TemporaryDirectory() as folder:
        with gzip.open(f"{tokenizer}/tokenizer.json.gz") as packed, open(f"{folder}/tokenizer.json", "wb") as file:
            file.write(packed.read())
        shutil.copy(f"{tokenizer}/tokenizer_config.json", folder)
        return T5TokenizerFast.from_pretrained(folder), Tokenizer.from_file(f"{folder}/tokenizer.json")


def save(pipeline):
    shutil.rmtree(FOLDER, ignore_errors=True)
    shutil.rmtree(ORIGINAL, ignore_errors=True)
    os.makedirs(ORIGINAL)
    pipeline.vae.bfloat16()
    pipeline.text_encoder.bfloat16()
    pipeline.save_pretrained(FOLDER)
    shutil.rmtree(f"{FOLDER}/tokenizer")

    with open(f"{ORIGINAL}/config.json", "w") as file:
        json.dump(CONFIG, file, indent=2)
    state = {make_transformer.original(key): value for key, value in pipeline.transformer.state_dict().items()}
    save_file(state, f"{ORIGINAL}/diffusion_pytorch_model.safetensors", metadata={"format": "pt"})
    state = {original_autoencoder(key): value for key, value in pipeline.vae.state_dict().items()}
    parts = torch.cat([value.flatten() for value in state.values()]).split([value.numel() for value in state.values()])
    state = OrderedDict((key, part.view(value.shape)) for (key, value), part in zip(state.items(), parts))
    torch.save(state, f"{ORIGINAL}/Wan2.1_VAE.pth")
    names = dict(pipeline.text_encoder.named_parameters())
    state = OrderedDict((original_encoder(key), value.data.clone()) for key, value in names.items())
    torch.save(state, f"{ORIGINAL}/models_t5_umt5-xxl-enc-bf16.pth")
    pipeline.vae.float()
    pipeline.text_encoder.float()


def expect(pipeline):
    text, negative = pipeline.encode_prompt(PROMPTS, [NEGATIVE] * 2, max_sequence_length=512)
    rows = torch.cat([text, negative[:1]])
    lengths = torch.tensor([len(pipeline.tokenizer(prompt_clean(prompt)).input_ids) for prompt in [*PROMPTS, NEGATIVE]])
    for row, length in zip(rows, lengths):
        assert length < SHOWN and row[:length].any(1).all() and not row[length:].any()
    noise = torch.randn(1, 16, 2, 4, 6, generator=torch.Generator().manual_seed(1))
    latents = pipeline(
        PROMPTS[0],
        NEGATIVE,
        height=32,
        width=48,
        num_frames=5,
        num_inference_steps=4,
        guidance_scale=5.0,
        latents=noise.clone(),
        output_type="latent",
    ).frames
    mean, std = (torch.tensor(pipeline.vae.config[key]).view(1, 16, 1, 1, 1) for key in ("latents_mean", "latents_std"))
    pixels = pipeline.vae.decode(latents * std + mean).sample
    assert pixels.shape == (1, 3, 5, 32, 48) and pixels.abs().max() < 1
    print("lengths", lengths.tolist(), "latents to", latents.abs().max().item(), "pixels to", pixels.abs().max().item())
    tensors = {"text": rows[:2, :SHOWN], "negative": rows[2:, :SHOWN], "lengths": lengths, "noise": noise, "latents": latents}
    return tensors | {"pixels": pixels[:, :, 4:]}


def main():
    torch.set_num_threads(1)
    tokenizer, whole = stored(f"{HERE}/tokenizer")
    for prompt in map(prompt_clean, [*PROMPTS, NEGATIVE]):
        assert tokenizer(prompt).input_ids == whole.encode(prompt).ids and 3 not in whole.encode(prompt).ids
    rounded = lambda weight: lambda *named: weight(*named).bfloat16()
    pipeline = WanPipeline(
        tokenizer=tokenizer,
        text_encoder=filled(UMT5EncoderModel(UMT5Config(**ENCODER)), rounded(make_transformer.weight)),
        transformer=filled(WanTransformer3DModel(**TRANSFORMER), make_transformer.weight),
        vae=filled(AutoencoderKLWan(**AUTOENCODER), rounded(make_autoencoder.weight_here)),
        scheduler=UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0),
    )
    pipeline.set_progress_bar_config(disable=True)
    save(pipeline)
    with torch.no_grad():
        tensors = expect(pipeline)
    save_file({key: value.contiguous() for key, value in tensors.items()}, f"{FOLDER}/expected.safetensors")
    with open(f"{FOLDER}/prompts.json", "w") as file:
        json.dump(dict(prompts=PROMPTS, negative=NEGATIVE), file)


if __name__ == "__main__":
    main()
