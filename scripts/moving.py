"""Garments that move, with true captions, and an untrained text-to-video model of Wan2.1's own classes to learn them.

`python scripts/moving.py` makes the folder moving/, the same for the same seed and data:

    train/, test/        videos of 9 frames of 32 by 32 pixels, NAME.gif, with their captions beside, NAME.txt
    prompts.txt          all captions, "a bag moving left", one a line; a video's class is its caption's line
    *-videos.idx, *-labels.idx   the same videos as uint8 [N, 3, F, H, W], and their classes
    model/               diffusers' layout of WanPipeline: every config, the tokenizer, the text encoder with random weights;
                         the weights of vae/ and transformer/ are what is trained

The garments are Fashion-MNIST's (Debian's dataset-fashion-mnist) at half their size. It needs Python with numpy, pillow and
safetensors (Tests/requirements.txt).
"""

import argparse
import gzip
import json
import struct
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

THINGS = ["shirt", "trouser", "pullover", "dress", "coat", "sandal", "blouse", "sneaker", "bag", "boot"]
DIRECTIONS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}
CLASSES = [(thing, direction) for thing in THINGS for direction in DIRECTIONS]
SIDE, FRAMES, GARMENT = 32, 9, 14
# Tokens of a caption, with the one at its end.
LENGTH = 8


def caption(thing, direction):
    return f"a {thing} moving {direction}"


def read_idx(path):
    data = gzip.open(path).read()
    rank = data[3]
    shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def video(garment, direction, random):
    """uint8 [F, 32, 32]: a garment goes on by two pixels a frame, from a place where it stays inside."""
    step, room = 2, SIDE - GARMENT
    way = step * (FRAMES - 1)
    small = garment.reshape(GARMENT, 2, GARMENT, 2).mean((1, 3))
    start = [random.integers(0, room + 1), random.integers(0, room + 1)]
    for axis, sign in enumerate(DIRECTIONS[direction]):
        if sign:
            first = random.integers(0, room - way + 1)
            start[axis] = first if sign > 0 else room - first
    frames = np.zeros((FRAMES, SIDE, SIDE))
    for frame in range(FRAMES):
        y, x = (start[axis] + step * frame * DIRECTIONS[direction][axis] for axis in (0, 1))
        frames[frame, y : y + GARMENT, x : x + GARMENT] = small
    return np.round(frames).astype(np.uint8)


def write_videos(folder, name, each, images, labels, random):
    # In random order, so that the even and the odd positions are halves alike.
    classes = random.permutation(np.repeat(np.arange(len(CLASSES)), each))
    pools = {thing: random.permutation(np.flatnonzero(labels == index)) for index, thing in enumerate(THINGS)}
    taken = dict.fromkeys(THINGS, 0)
    videos = np.empty((len(classes), FRAMES, SIDE, SIDE), np.uint8)
    for index, (thing, direction) in enumerate(CLASSES[label] for label in classes):
        videos[index] = video(images[pools[thing][taken[thing]]], direction, random)
        taken[thing] += 1
    (folder / name).mkdir(parents=True, exist_ok=True)
    for index, (frames, label) in enumerate(zip(videos, classes)):
        # Grey levels are a palette of 256 colours, so nothing is lost; a tenth of a second is exact in a GIF.
        pictures = [Image.fromarray(frame) for frame in frames]
        path = folder / name / f"{index:05}"
        pictures[0].save(path.with_suffix(".gif"), save_all=True, append_images=pictures[1:], duration=100)
        path.with_suffix(".txt").write_text(caption(*CLASSES[label]) + "\n")
    write_idx(folder / f"{name}-videos.idx", np.repeat(videos[:, None], 3, 1))
    write_idx(folder / f"{name}-labels.idx", classes.astype(np.uint8))


def write_idx(path, array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + np.ascontiguousarray(array).tobytes())


def write_json(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2) + "\n")


def write_tokenizer(folder):
    """A word a piece, and letters for all others."""
    special = ["<pad>", "</s>", "<unk>"]
    words = sorted({"\u2581" + word for each in CLASSES for word in caption(*each).split()})
    letters = ["\u2581"] + [chr(code) for code in range(ord("a"), ord("z") + 1)]
    vocabulary = [[piece, 0.0] for piece in special] + [[word, -1.0] for word in words] + [[x, -10.0] for x in letters]
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
    added = [
        {"id": index, "content": piece, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": True}
        for index, piece in enumerate(special)]  # fmt: skip
    end = {"SpecialToken": {"id": "</s>", "type_id": 0}}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    write_json(
        folder / "tokenizer.json",
        dict(
            version="1.0", truncation=None, padding=None, added_tokens=added, normalizer=None, pre_tokenizer=metaspace,
            post_processor=dict(
                type="TemplateProcessing", single=[text, end],
                pair=[text, end, {"Sequence": {"id": "B", "type_id": 0}}, end],
                special_tokens={"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}),
            decoder=metaspace, model=dict(type="Unigram", unk_id=2, vocab=vocabulary, byte_fallback=False)))  # fmt: skip
    write_json(
        folder / "tokenizer_config.json",
        dict(
            tokenizer_class="T5Tokenizer", pad_token="<pad>", eos_token="</s>", unk_token="<unk>", extra_ids=0,
            additional_special_tokens=[], model_max_length=LENGTH))  # fmt: skip
    return len(vocabulary)


def write_text_encoder(folder, vocabulary, random):
    """Random weights: every token a vector of its own, which the attention then mixes a little."""
    width, heads, inner, buckets = 32, 4, 64, 32
    write_json(
        folder / "config.json",
        dict(
            architectures=["UMT5EncoderModel"], model_type="umt5", vocab_size=vocabulary, d_model=width,
            d_kv=width // heads, d_ff=inner, num_layers=1, num_decoder_layers=1, num_heads=heads,
            relative_attention_num_buckets=buckets, relative_attention_max_distance=128, layer_norm_epsilon=1e-6,
            feed_forward_proj="gated-gelu", dense_act_fn="gelu_new", is_gated_act=True, is_encoder_decoder=True,
            scalable_attention=True, dropout_rate=0.0, pad_token_id=0, eos_token_id=1, tie_word_embeddings=True,
            torch_dtype="float32"))  # fmt: skip
    normal = lambda *shape, std: random.normal(0, std, shape).astype(np.float32)
    here = "encoder.block.0.layer"
    tensors = {
        "shared.weight": normal(vocabulary, width, std=1),
        f"{here}.0.layer_norm.weight": np.ones(width, np.float32),
        f"{here}.0.SelfAttention.relative_attention_bias.weight": normal(buckets, heads, std=0.5),
        f"{here}.1.layer_norm.weight": np.ones(width, np.float32),
        f"{here}.1.DenseReluDense.wi_0.weight": normal(inner, width, std=width**-0.5),
        f"{here}.1.DenseReluDense.wi_1.weight": normal(inner, width, std=width**-0.5),
        f"{here}.1.DenseReluDense.wo.weight": normal(width, inner, std=0.3 * inner**-0.5),
        "encoder.final_layer_norm.weight": np.ones(width, np.float32),
    }
    for part, std in (("q", width**-0.5 / 3), ("k", width**-0.5), ("v", width**-0.5), ("o", 0.3 * width**-0.5)):
        tensors[f"{here}.0.SelfAttention.{part}.weight"] = normal(width, width, std=std)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return width


def write_model(folder, random):
    version = "0.42.1"
    channels = 4
    width = write_text_encoder(folder / "text_encoder", write_tokenizer(folder / "tokenizer"), random)
    write_json(
        folder / "model_index.json",
        dict(
            _class_name="WanPipeline", _diffusers_version=version, boundary_ratio=None, expand_timesteps=False,
            scheduler=["diffusers", "UniPCMultistepScheduler"], text_encoder=["transformers", "UMT5EncoderModel"],
            tokenizer=["transformers", "T5Tokenizer"], transformer=["diffusers", "WanTransformer3DModel"],
            transformer_2=[None, None], vae=["diffusers", "AutoencoderKLWan"]))  # fmt: skip
    write_json(
        folder / "scheduler/scheduler_config.json",
        dict(
            _class_name="UniPCMultistepScheduler", _diffusers_version=version, num_train_timesteps=1000,
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=1.0, solver_order=2, solver_type="bh2",
            final_sigmas_type="zero"))  # fmt: skip
    # Four times less of each side and of time: 32 x 32 x 9 becomes 8 x 8 x 3.
    write_json(
        folder / "vae/config.json",
        dict(
            _class_name="AutoencoderKLWan", _diffusers_version=version, base_dim=8, z_dim=channels, dim_mult=[1, 2, 4],
            num_res_blocks=1, attn_scales=[], temperal_downsample=[True, True], dropout=0.0,
            latents_mean=[0.0] * channels, latents_std=[1.0] * channels, scale_factor_spatial=4,
            scale_factor_temporal=4))  # fmt: skip
    write_json(
        folder / "transformer/config.json",
        dict(
            _class_name="WanTransformer3DModel", _diffusers_version=version, patch_size=[1, 2, 2], num_attention_heads=4,
            attention_head_dim=24, in_channels=channels, out_channels=channels, text_dim=width, freq_dim=64, ffn_dim=384,
            num_layers=4, cross_attn_norm=True, qk_norm="rms_norm_across_heads", eps=1e-6, rope_max_seq_len=1024))  # fmt: skip


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--into", type=Path, default=Path("moving"), help="the folder that is made")
    options.add_argument("--train", type=int, default=75, help="videos a caption to learn from")
    options.add_argument("--test", type=int, default=20, help="videos a caption to compare with")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    options = options.parse_args()
    streams = np.random.default_rng(options.seed).spawn(3)
    options.into.mkdir(parents=True, exist_ok=True)
    (options.into / "prompts.txt").write_text("".join(caption(*each) + "\n" for each in CLASSES))
    for name, files, each, stream in (
        ("train", "train", options.train, streams[0]), ("test", "t10k", options.test, streams[1]),
    ):  # fmt: skip
        images = read_idx(options.data / f"{files}-images-idx3-ubyte.gz")
        labels = read_idx(options.data / f"{files}-labels-idx1-ubyte.gz")
        write_videos(options.into, name, each, images, labels, stream)
    write_model(options.into / "model", streams[2])


if __name__ == "__main__":
    main()
