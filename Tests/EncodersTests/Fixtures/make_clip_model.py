"""Tiny random CLIP models of texts and images, as transformers and open_clip save them, and what those make of pictures.

Writes the folders clip-model (transformers'), open-clip (open_clip's, whose weights are also saved as HPSv2's are) and
aesthetic, pictures.safetensors, padded.safetensors and texts.json, and the names of a full ViT-H-14's tensors in both layouts.
Made with Python 3.11, torch 2.13.0, torchvision 0.28.0, transformers 5.23.0, open_clip_torch 3.3.0, pillow 13.0.0 and
safetensors 0.8.0: `python make_clip_model.py [HPSV2]`, in this folder. With HPSV2, a folder into which the wheel of hpsv2
1.2.0 is unpacked, its own transform is compared with the one below.
"""

import gzip
import importlib.util
import json
import sys
import tempfile
import types
from pathlib import Path

import numpy
import open_clip
import torch
import torchvision.transforms.functional as F
from PIL import Image
from safetensors.torch import save_file
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Normalize, Resize, ToTensor
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

here = Path(__file__).parent
mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
size = 28  # pixels a side that the models see

# Pictures of several shapes, smaller and larger than the models' own, with hard edges, colours and noise.
shapes = [(28, 28), (64, 64), (45, 80), (75, 40), (20, 33), (28, 17), (93, 60)]
random = numpy.random.default_rng(0)
pictures = []
for index, (height, width) in enumerate(shapes):
    y, x = numpy.mgrid[:height, :width]
    smooth = numpy.stack([numpy.sin(x / (3 + c + index)) * numpy.cos(y / (4 + index - c)) for c in range(3)], -1)
    picture = 128 + 100 * smooth + random.normal(0, 30, (height, width, 3))
    picture[height // 3 : height // 2, width // 4 : width // 2] = [255, 0, 40 * index]
    pictures.append(Image.fromarray(picture.clip(0, 255).astype(numpy.uint8)))
texts = ["a cat!", "", "An astronaut, riding a horse; it's 4K", "the end of the long road " * 20, "two", "a cat!", "b 7"]


def uint8(picture):
    return torch.from_numpy(numpy.array(picture)).permute(2, 0, 1).contiguous()


def hps_transform(picture):
    """What HPSv2 does: the longest side resized in floating point, black around it."""
    x = ToTensor()(picture)
    scale = size / max(x.shape[1:])
    height, width = (round(side * scale) for side in x.shape[1:])
    if scale != 1:
        x = F.resize(x, [height, width], InterpolationMode.BICUBIC, antialias=True)
    left, top = (size - width) // 2, (size - height) // 2
    return Normalize(mean, std)(F.pad(x, [left, top, size - width - left, size - height - top]))


if len(sys.argv) > 1:
    root = Path(sys.argv[1]) / "hpsv2/src/open_clip"
    sys.modules["hps"] = types.ModuleType("hps")
    sys.modules["hps"].__path__ = [str(root)]
    spec = importlib.util.spec_from_file_location("hps.transform", root / "transform.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    theirs = module.image_transform(size, is_train=False, mean=mean, std=std, resize_longest_max=True)
    for picture in pictures:
        if max(picture.size) != size or picture.size[0] == picture.size[1]:  # else theirs does not pad
            assert torch.equal(theirs(picture), hps_transform(picture)), picture.size

torchvision_crop = Compose(
    [Resize(size, InterpolationMode.BICUBIC), CenterCrop(size), ToTensor(), Normalize(mean, std)])  # fmt: skip
processor = CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size={"height": size, "width": size})
prepared = {
    "crop": torch.cat([processor(picture, return_tensors="pt").pixel_values for picture in pictures]),
    "torchvision": torch.stack([torchvision_crop(picture) for picture in pictures]),
    "pad": torch.stack([hps_transform(picture) for picture in pictures]),
}


def eight_bits(x):
    """What was rounded to 8 bits before it was normalised."""
    shift, scale = torch.tensor(mean).reshape(3, 1, 1), torch.tensor(std).reshape(3, 1, 1)
    found = ((x * scale + shift) * 255).round().to(torch.uint8)
    assert ((found / 255 - shift) / scale - x).abs().max() < 1e-6
    return found


save_file(
    {f"picture.{i}": uint8(picture) for i, picture in enumerate(pictures)}
    | {name: eight_bits(prepared[name]) for name in ("crop", "torchvision")}, here / "pictures.safetensors")  # fmt: skip
save_file({"pad": prepared["pad"]}, here / "padded.safetensors")
(here / "texts.json").write_text(json.dumps(texts))

# A tokenizer with CLIP's first merges.
merges = gzip.open(here / "merges.txt.gz", "rt").read().split("\n")[1:81]
plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
letters = [chr(b) for b in plain] + [chr(256 + i) for i in range(256 - len(plain))]
tokens = letters + [x + "</w>" for x in letters] + [m.replace(" ", "") for m in merges]
start, end = "<|startoftext|>", "<|endoftext|>"
vocab = {token: index for index, token in enumerate(tokens + [start, end])}
with tempfile.TemporaryDirectory() as folder:
    (Path(folder) / "vocab.json").write_text(json.dumps(vocab))
    (Path(folder) / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    (Path(folder) / "tokenizer_config.json").write_text(json.dumps(dict(
        bos_token=start, eos_token=end, unk_token=end, pad_token=end, model_max_length=20,
        tokenizer_class="CLIPTokenizer")))  # fmt: skip
    tokenizer = CLIPTokenizer.from_pretrained(folder)


def disturbed(model):
    """Far from the defaults, norms and biases included."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return model.eval()


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


ids = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids
torch.manual_seed(1)
part = dict(intermediate_size=15, num_hidden_layers=2, num_attention_heads=4)
model = disturbed(CLIPModel(CLIPConfig(
    text_config=part | dict(
        vocab_size=len(vocab), hidden_size=16, max_position_embeddings=20, eos_token_id=2, hidden_act="quick_gelu"),
    vision_config=part | dict(hidden_size=20, image_size=size, patch_size=8, hidden_act="quick_gelu"),
    projection_dim=12, logit_scale_init_value=2.5)))  # fmt: skip
folder = here / "clip-model"
model.save_pretrained(folder)
processor.save_pretrained(folder)
tokenizer.save_pretrained(folder)
pixels = prepared["crop"].clone().requires_grad_()
output = model(input_ids=ids, pixel_values=pixels)
cosine = (output.image_embeds * output.text_embeds).sum(-1)
cosine.sum().backward()
# The same by way of tensors, from 0...1 on, for the gradient of the way that training takes.
whole = (uint8(pictures[2]).float() / 255).requires_grad_()
small = F.resize(whole, [28, 49], InterpolationMode.BICUBIC, antialias=True)
small = (small + (small.clamp(0, 1) - small).detach())[:, :, 10:38]
embedding = model.get_image_features(pixel_values=Normalize(mean, std)(small)[None]).pooler_output
through = (unit(embedding)[0] * output.text_embeds[2].detach()).sum()
through.backward()
with torch.no_grad():
    save_file(
        dict(
            ids=ids, images=output.image_embeds.contiguous(), texts=output.text_embeds.contiguous(), cosine=cosine,
            gradient=pixels.grad[:4].contiguous(), scale=model.logit_scale.exp(), through=through, through_gradient=whole.grad),
        folder / "expected.safetensors")  # fmt: skip

# OpenCLIP's own network, gelu, with other widths a head, saved as a hub folder and as HPSv2's checkpoints are.
torch.manual_seed(2)
config = dict(
    embed_dim=12, vision_cfg=dict(image_size=size, layers=2, width=24, head_width=8, patch_size=7, mlp_ratio=2.0),
    text_cfg=dict(context_length=20, vocab_size=len(vocab), width=18, heads=3, layers=2))  # fmt: skip
model = disturbed(open_clip.CLIP(**config))
folder = here / "open-clip"
folder.mkdir(exist_ok=True)
state = {key: value.half() for key, value in model.state_dict().items()}
model.load_state_dict(state)  # what half precision keeps
torch.save(dict(epoch=1, name="tiny", state_dict=model.half().state_dict()), folder / "hps.pt")
model = model.float()
save_file(
    {key: value.contiguous() for key, value in model.half().state_dict().items() if key != "attn_mask"},
    folder / "open_clip_model.safetensors")  # fmt: skip
model = model.float()
(folder / "open_clip_config.json").write_text(json.dumps(
    dict(model_cfg=config, preprocess_cfg=dict(mean=mean, std=std)), indent=1))  # fmt: skip
padded = ids.clone()  # open_clip pads with 0
for row in padded:
    row[row.argmax() + 1 :] = 0
with torch.no_grad():
    hps_images, hps_texts = unit(model.encode_image(prepared["pad"])), unit(model.encode_text(padded))
    images = unit(model.encode_image(prepared["torchvision"]))
    save_file(
        dict(
            ids=padded, hps_images=hps_images, images=images, texts=hps_texts, hps=(hps_images * hps_texts).sum(-1),
            cosine=(images * hps_texts).sum(-1)),
        folder / "expected.safetensors")  # fmt: skip

# LAION's predictors: layers with nothing but dropout between them, and a single one, on open_clip's embeddings.
folder = here / "aesthetic"
folder.mkdir(exist_ok=True)


class Predictor(torch.nn.Module):
    def __init__(self):
        super().__init__()
        widths, gap = [12, 9, 7, 1], torch.nn.Dropout(0.2)
        linear = [torch.nn.Linear(a, b) for a, b in zip(widths, widths[1:])]
        self.layers = torch.nn.Sequential(linear[0], gap, linear[1], gap, linear[2])


several, single = Predictor().eval(), torch.nn.Linear(12, 1)
torch.save(several.state_dict(), folder / "several.pth")
torch.save(single.state_dict(), folder / "single.pth")
with torch.no_grad():
    save_file(
        dict(several=several.layers(images).squeeze(-1), single=single(images).squeeze(-1)),
        folder / "expected.safetensors")  # fmt: skip

# Names and shapes of ViT-H-14's tensors.
large = dict(layer_norm_eps=1e-5, hidden_act="gelu")
with torch.device("meta"):
    theirs = CLIPModel(CLIPConfig(
        text_config=large | dict(
            hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16),
        vision_config=large | dict(
            hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=16, patch_size=14),
        projection_dim=1024))  # fmt: skip
    opened = open_clip.CLIP(**{
        key: value for key, value in open_clip.get_model_config("ViT-H-14").items() if key != "model_name"})  # fmt: skip
for name, network in {"clip": theirs, "open-clip": opened}.items():
    lines = sorted(f"{key}\t{list(value.shape)}\n" for key, value in network.named_parameters())
    (here / f"{name}-vit-h-14.names.gz").write_bytes(gzip.compress("".join(lines).encode(), 9, mtime=0))
