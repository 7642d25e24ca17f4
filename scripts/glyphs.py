"""Coloured letters with true captions, and an untrained text-to-image model of SDXL's own classes to learn them.

`python scripts/glyphs.py` makes the folder glyphs/, the same for the same seed and fonts:

    train/, test/        pictures of 32 by 32 pixels, NAME.png, with their captions beside, NAME.txt
    prompts.txt          all captions, one a line; a picture's class is its caption's line
    *-images.idx, *-labels.idx   the same pictures as uint8 [N, 3, 32, 32], and their classes
    model/               diffusers' layout of StableDiffusionXLPipeline: every config, both tokenizers, both text
                         encoders with random weights; the weights of vae/ and unet/ are what is trained

It needs Debian's fonts-dejavu, and Python with numpy, pillow and safetensors (Tests/requirements.txt).
"""

import argparse
import gzip
import json
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from safetensors.numpy import save_file

CHARACTERS = "ABEGKMRS27"
FAMILIES = {"serif": "DejaVuSerif-Bold.ttf", "sans": "DejaVuSans-Bold.ttf"}
COLOURS = {"red": (200, 40, 50), "blue": (40, 70, 200)}
CLASSES = [(character, family, colour) for character in CHARACTERS for family in FAMILIES for colour in COLOURS]
SIDE = 32
# Tokens of a text, with the marks at its ends: captions have 8 at most. CLIP's own is 77.
LENGTH = 16


def caption(character, family, colour):
    kind = "digit" if character.isdigit() else "letter"
    return f"a {colour} {family} {kind} {character}"


def picture(character, family, colour, fonts, random):
    """uint8 [32, 32, 3]: drawn four times as large, turned, shifted and tinted by chance."""
    scale = 4
    paper = random.integers(235, 256, 3)
    ink = np.clip(np.array(COLOURS[colour]) + random.integers(-35, 36, 3), 0, 255)
    font = ImageFont.truetype(str(fonts / FAMILIES[family]), int(round(scale * random.uniform(23, 29))))
    mask = Image.new("L", (scale * SIDE, scale * SIDE), 0)
    centre = scale * (SIDE / 2 + random.uniform(-2.5, 2.5, 2))
    ImageDraw.Draw(mask).text(tuple(centre), character, fill=255, font=font, anchor="mm")
    mask = mask.rotate(random.uniform(-10, 10), Image.Resampling.BICUBIC, center=tuple(centre))
    share = np.asarray(mask.resize((SIDE, SIDE), Image.Resampling.BOX), np.float64)[..., None] / 255
    return np.round(share * ink + (1 - share) * paper).astype(np.uint8)


def write_pictures(folder, name, each, fonts, random):
    # In random order, so that the even and the odd positions are halves alike.
    labels = random.permutation(np.repeat(np.arange(len(CLASSES)), each))
    images = np.stack([picture(*CLASSES[label], fonts, random) for label in labels])
    (folder / name).mkdir(parents=True, exist_ok=True)
    for index, (image, label) in enumerate(zip(images, labels)):
        Image.fromarray(image).save(folder / name / f"{index:05}.png")
        (folder / name / f"{index:05}.txt").write_text(caption(*CLASSES[label]) + "\n")
    write_idx(folder / f"{name}-images.idx", images.transpose(0, 3, 1, 2))
    write_idx(folder / f"{name}-labels.idx", labels.astype(np.uint8))


def write_idx(path, array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + np.ascontiguousarray(array).tobytes())


def write_json(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2) + "\n")


def write_tokenizer(folder, merges, pad):
    """CLIP's: the 256 bytes as printable characters, the same at a word's end, the merges, two marks."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(byte) for byte in plain] + [chr(256 + index) for index in range(256 - len(plain))]
    start, end = "<|startoftext|>", "<|endoftext|>"
    rules = [line for line in merges.splitlines()[1:] if line]
    tokens = letters + [letter + "</w>" for letter in letters] + ["".join(rule.split()) for rule in rules] + [start, end]
    assert len(tokens) == 49408
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "merges.txt").write_text(merges, encoding="utf-8")
    vocabulary = {token: index for index, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    special = {"lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": True}
    added = {str(vocabulary[token]): {"content": token} | special for token in (pad, start, end)}
    write_json(
        folder / "tokenizer_config.json",
        dict(
            add_prefix_space=False, added_tokens_decoder=added, bos_token=start, clean_up_tokenization_spaces=True,
            do_lower_case=True, eos_token=end, errors="replace", model_max_length=LENGTH, pad_token=pad,
            tokenizer_class="CLIPTokenizer", unk_token=end))  # fmt: skip
    write_json(
        folder / "special_tokens_map.json", dict(bos_token=start, eos_token=end, pad_token=pad, unk_token=end))


def write_text_encoder(folder, kind, width, heads, activation, random):
    """Random weights: every token a vector of its own with deviation 1, which the attention then mixes a little."""
    layers, hidden = 2, 2 * width
    projection = width
    config = dict(
        architectures=[kind], model_type="clip_text_model", hidden_size=width, intermediate_size=hidden,
        num_attention_heads=heads, num_hidden_layers=layers, hidden_act=activation, vocab_size=49408,
        max_position_embeddings=LENGTH, projection_dim=projection, layer_norm_eps=1e-5, attention_dropout=0.0,
        initializer_factor=1.0, initializer_range=0.02, bos_token_id=0, eos_token_id=2, pad_token_id=1,
        torch_dtype="float32")  # fmt: skip
    write_json(folder / "config.json", config)
    tensors = {}

    def linear(name, inputs, outputs):
        tensors[f"{name}.weight"] = random.normal(0, inputs**-0.5, (outputs, inputs))
        tensors[f"{name}.bias"] = np.zeros(outputs)

    def norm(name):
        tensors[f"{name}.weight"] = np.ones(width)
        tensors[f"{name}.bias"] = np.zeros(width)

    tensors["text_model.embeddings.token_embedding.weight"] = random.normal(0, 1, (49408, width))
    tensors["text_model.embeddings.position_embedding.weight"] = random.normal(0, 0.3, (LENGTH, width))
    for layer in range(layers):
        here = f"text_model.encoder.layers.{layer}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linear(f"{here}.self_attn.{part}", width, width)
        norm(f"{here}.layer_norm1")
        norm(f"{here}.layer_norm2")
        linear(f"{here}.mlp.fc1", width, hidden)
        linear(f"{here}.mlp.fc2", hidden, width)
    norm("text_model.final_layer_norm")
    if kind == "CLIPTextModelWithProjection":
        tensors["text_projection.weight"] = random.normal(0, width**-0.5, (projection, width))
    tensors = {name: np.ascontiguousarray(tensor, np.float32) for name, tensor in tensors.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def write_model(folder, merges, random):
    version = "0.42.1"
    first, second = 32, 64
    times = 16
    write_tokenizer(folder / "tokenizer", merges, "<|endoftext|>")
    write_tokenizer(folder / "tokenizer_2", merges, "!")
    write_text_encoder(folder / "text_encoder", "CLIPTextModel", first, 2, "quick_gelu", random)
    write_text_encoder(folder / "text_encoder_2", "CLIPTextModelWithProjection", second, 4, "gelu", random)
    write_json(
        folder / "model_index.json",
        dict(
            _class_name="StableDiffusionXLPipeline", _diffusers_version=version, force_zeros_for_empty_prompt=True,
            feature_extractor=[None, None], image_encoder=[None, None],
            scheduler=["diffusers", "EulerDiscreteScheduler"], text_encoder=["transformers", "CLIPTextModel"],
            text_encoder_2=["transformers", "CLIPTextModelWithProjection"], tokenizer=["transformers", "CLIPTokenizer"],
            tokenizer_2=["transformers", "CLIPTokenizer"], unet=["diffusers", "UNet2DConditionModel"],
            vae=["diffusers", "AutoencoderKL"]))  # fmt: skip
    write_json(
        folder / "scheduler/scheduler_config.json",
        dict(
            _class_name="EulerDiscreteScheduler", _diffusers_version=version, beta_start=0.00085, beta_end=0.012,
            beta_schedule="scaled_linear", interpolation_type="linear", num_train_timesteps=1000,
            prediction_type="epsilon", steps_offset=1, timestep_spacing="leading", use_karras_sigmas=False))  # fmt: skip
    write_json(
        folder / "vae/config.json",
        dict(
            _class_name="AutoencoderKL", _diffusers_version=version, act_fn="silu", in_channels=3, out_channels=3,
            latent_channels=4, block_out_channels=[16, 32, 64], layers_per_block=1, norm_num_groups=8,
            down_block_types=["DownEncoderBlock2D"] * 3, up_block_types=["UpDecoderBlock2D"] * 3, sample_size=SIDE,
            scaling_factor=1.0, force_upcast=True))  # fmt: skip
    write_json(
        folder / "unet/config.json",
        dict(
            _class_name="UNet2DConditionModel", _diffusers_version=version, sample_size=SIDE // 4, in_channels=4,
            out_channels=4, block_out_channels=[48, 96], layers_per_block=1, norm_num_groups=16,
            down_block_types=["CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
            up_block_types=["CrossAttnUpBlock2D", "CrossAttnUpBlock2D"], mid_block_type="UNetMidBlock2DCrossAttn",
            transformer_layers_per_block=[1, 1], attention_head_dim=[2, 4], cross_attention_dim=first + second,
            use_linear_projection=True, act_fn="silu", flip_sin_to_cos=True, freq_shift=0, norm_eps=1e-5,
            addition_embed_type="text_time", addition_time_embed_dim=times,
            projection_class_embeddings_input_dim=second + 6 * times))  # fmt: skip


def main():
    here = Path(__file__).parent.parent
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--into", type=Path, default=Path("glyphs"), help="the folder that is made")
    options.add_argument("--train", type=int, default=200, help="pictures a caption to learn from")
    options.add_argument("--test", type=int, default=50, help="pictures a caption to compare with")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts/truetype/dejavu"))
    options.add_argument(
        "--merges", type=Path, default=here / "Tests/EncodersTests/Fixtures/merges.txt.gz", help="CLIP's byte-pair merges")
    options = options.parse_args()
    streams = np.random.default_rng(options.seed).spawn(3)
    options.into.mkdir(parents=True, exist_ok=True)
    (options.into / "prompts.txt").write_text("".join(caption(*each) + "\n" for each in CLASSES))
    write_pictures(options.into, "train", options.train, options.fonts, streams[0])
    write_pictures(options.into, "test", options.test, options.fonts, streams[1])
    merges = gzip.open(options.merges, "rt", encoding="utf-8").read()
    write_model(options.into / "model", merges, streams[2])


if __name__ == "__main__":
    main()
