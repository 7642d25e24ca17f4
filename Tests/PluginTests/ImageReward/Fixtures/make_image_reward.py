"""A tiny random ImageReward as its authors' package computes it, what BertTokenizer makes of texts, and a full one's tensors.

Writes vocab.txt, tokens.json, med_config.json, tiny.pt, expected.safetensors and image-reward.names.gz. Made with Python
3.11, torch 2.13.0, torchvision 0.28.0, transformers 4.40.2, timm 0.6.13, fairscale 0.4.13, image-reward 1.5, numpy 1.26.4,
pillow 13.0.0 and safetensors 0.8.0: `python make_image_reward.py`, in this folder. Of image-reward, timm, fairscale and
torchvision only what the scorer needs is imported, so that they may be installed with --no-deps. Pictures and their texts
are those of EncodersTests/Fixtures.
"""

import gzip
import importlib.util
import json
import sys
import tempfile
import types
from pathlib import Path

import numpy
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

# torchvision's compiled operators are made for another build of torch, and none of them is called.
operators = torch.library.Library("torchvision", "FRAGMENT")
for name in ("nms", "qnms"):
    operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torchvision.transforms.functional as F  # noqa: E402
from torchvision.transforms import InterpolationMode, Normalize  # noqa: E402
from transformers import BertTokenizer  # noqa: E402

# The package without its __init__, which imports the training programs.
root = importlib.util.find_spec("ImageReward").submodule_search_locations[0]
for name, path in {"ImageReward": root, "ImageReward.models": f"{root}/models"}.items():
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
import ImageReward.ImageReward as package  # noqa: E402
import ImageReward.models.BLIP.blip_pretrain as blip  # noqa: E402
from ImageReward.models.BLIP.vit import VisionTransformer  # noqa: E402

here = Path(__file__).parent
clip = here.parents[2] / "EncodersTests/Fixtures"
size, length = 28, 35

# MARK: The tokenizer

words = """a an the cat dog horse photo of on in end long road riding astronaut two it ' s 4 k b 7 cafe naive angstrom strasse
stra istanbul un aff able ##aff ##able want ##want ##ed runn ##ing run ##n ##s ##e ##t ##ra ##ß ##e ß ##ss photograph ##er
σισυφος ##ος привет мир елка 東 京 都 東京 我 豈 タワー カ ##カ タ ##ワ ##ー の 한 ᄒ ##ᅡ ##ᆫ नमस ##त ﬁ ##ﬁ ½ ² ³ 😀 ❤ ☕ ##😀 ﷺ ⅷ ① − – — … “ ” ‘ ’ 、 。 ！ · ¿ « »
! " # $ % & ( ) * + , - . / : ; < = > ? @ [ \\ ] ^ _ ` { | } ~ 0 1 2 3 5 6 8 9 ##0 ##1 ##2 ##3 ##4 10 ##00 x ##x ##xx q ##q""".split()
# Alike to the eye, and other tokens: composed and decomposed, and an ideograph's compatible form.
words += ["e\u0301", "\u00e9", "\uf900", "caf\u00e9"]
letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
tokens = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + words
tokens += letters + [f"##{c}" for c in letters if c not in "jz"]
tokens = list(dict.fromkeys(tokens))
(here / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")


def tokenizer():
    """What the package's init_tokenizer makes of bert-base-uncased."""
    made = BertTokenizer(str(here / "vocab.txt"))
    made.add_special_tokens({"bos_token": "[DEC]"})
    made.add_special_tokens({"additional_special_tokens": ["[ENC]"]})
    return made


texts = json.loads((clip / "texts.json").read_text())
nasty = texts + [
    " ", "\n", "\t\r\n", "A", "unaffable", "UNWANTED running", "runnings", "cats", "a cat.", "cat,dog;horse", "...", "…", "—–-",
    "café CAFÉ cafe\u0301 CAFE\u0301", "naïve Ångström A\u030angstro\u0308m \u212bngstrom", "Straße STRASSE ẞ straße",
    "İstanbul ISTANBUL ıi", "ΣΊΣΥΦΟΣ σίσυφος ΣΑΣ", "привет мир Ёлка е\u0308лка", "東京タワーの夜景", "我東京都a京b", "豈\uf900 更",
    "カ ガ カ\u3099 ｶﾞ", "한 한국 \u1112\u1161\u11ab", "नमस्ते", "ﬁ ﬁn ½ ² x² ⅷ Ⅷ ① ３", "ﷺ", "“double” ‘single’ don’t don't",
    "😀", "a😀b😀 😀😀", "👩🏽\u200d🚀 👨\u200d👩\u200d👧", "❤️ ❤ ☕️☔", "1️⃣ #️⃣", "[CLS] a [SEP]", "[cls]", "a[MASK]b", "[PAD] cat [PAD]", "[ENC] [DEC] x",
    "[UNK]", "[CLS][CLS]cat[SEP", "[[SEP]]", "[unused0]", "##ing ## #", "x" * 100, "x" * 101, "é" * 100, "e\u0301" * 101, "a " + "q" * 250 + " cat",
    "東" * 120, "!" * 60, "a " * 33, "a " * 34, "the cat " * 40, "unaffable " * 12, "a cat " * 16 + "unaffable", "\x00", "a\x00b", "\x01\x02\x7f\x80\x9f cat",
    "ca\u00adt", "ca\u200bt", "c\u200da\u200ct", "\ufeffcat", "\u202ecat\u202c", "\ufffd cat\ufffd", "\ue000 cat", "\uffff", "\U0010ffff x",
    "a\u00a0b\u2003c\u3000d\u202fe\u2028f\u2029g\u1680h", "a\x0bb\x0cc\x85d\x1ce", "a\tb\nc\rd", "  lead", "trail  ", "a\u180eb",
    "a\u0300\u0301\u0302b", "\u0301alone", "\u0301", "q\u0307\u0323 q\u0323\u0307", "a\u20ddb a\u0903b", "~`!@#$%^&*()_+-={}|[]\\:\";'<>?,./", "$9.99 50% #1 @user a_b",
    "¿qué? «oui» · 、。！", "− ± × ÷ € £ ¥ ©", "http://example.com/a?b=c&d=e", "\u037e \u1fef \u2126", "jazz", "jj zz", "xxx", "ßß Straßes", "1000 1234 4k 4K", "e\u0301\u00e9",
]  # fmt: skip
nasty = list(dict.fromkeys(nasty))
made = tokenizer()


def encoded(text):
    out = made(text, padding="max_length", truncation=True, max_length=length, return_tensors="pt")
    return out.input_ids, out.attention_mask


ids, counts = [], []
for text in nasty:
    row, mask = encoded(text)
    count = int(mask.sum())
    assert row.shape == (1, length) and mask[0, :count].all() and (row[0, count:] == 0).all()
    ids.append(row[0, :count].tolist())
(here / "tokens.json").write_text(json.dumps(dict(texts=nasty, ids=ids), separators=(",", ":")))

# MARK: The model

vision = dict(img_size=size, patch_size=7, embed_dim=128, depth=2, num_heads=2, mlp_ratio=0.75)
config = dict(
    architectures=["BertModel"], attention_probs_dropout_prob=0.1, hidden_act="gelu", hidden_dropout_prob=0.1, hidden_size=24,
    initializer_range=0.02, intermediate_size=40, layer_norm_eps=1e-12, max_position_embeddings=48, model_type="bert",
    num_attention_heads=3, num_hidden_layers=2, pad_token_id=0, type_vocab_size=2, vocab_size=len(made), encoder_width=768,
    add_cross_attention=True)  # fmt: skip
(here / "med_config.json").write_text(json.dumps(config, indent=1))
blip.init_tokenizer = tokenizer
full_vit = blip.create_vit
blip.create_vit = lambda *_: (VisionTransformer(**vision), vision["embed_dim"])
torch.manual_seed(3)
model = package.ImageReward(str(here / "med_config.json"))
model.preprocess, model.mlp = package._transform(size), package.MLP(config["hidden_size"])
with torch.no_grad():  # far from the defaults, norms and biases included
    for name, parameter in model.named_parameters():
        if name.startswith("mlp") and parameter.dim() == 2:
            parameter.normal_(0, parameter.shape[1] ** -0.5)
        else:
            parameter.add_(torch.randn_like(parameter) * 0.15)


def windows(value, step=2):
    """A large matrix whose rows are windows of one short row of numbers: torch.save writes that row alone.

    BLIP's heads are 64 wide and the reward's perceptron has widths of its own, so that there are many of them."""
    row = torch.randn(step * (len(value) - 1) + value[0].numel()) * value.float().std()
    return row.half().as_strided(value.shape, (step, *value[0].stride()))


state = {
    key: value if not value.is_floating_point() else windows(value) if value.numel() > 3000 else value.half()
    for key, value in model.state_dict().items()}  # fmt: skip
model.load_state_dict(state)  # what half precision keeps
model = model.eval()
torch.save(state, here / "tiny.pt")

stored = load_file(clip / "pictures.safetensors")
mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
prepared = Normalize(mean, std)(stored["torchvision"] / 255)
pictures = [stored[f"picture.{i}"] for i in range(len(texts))]
files = [Image.fromarray(picture.permute(1, 2, 0).numpy()) for picture in pictures]
for picture, ready in zip(files, prepared):
    assert torch.equal(model.preprocess(picture), ready)


scores = torch.tensor([model.score(text, picture) for text, picture in zip(texts, files)], dtype=torch.float64)
ranked = torch.tensor(model.inference_rank(texts[0], files)[1], dtype=torch.float64)  # all pictures with one text


def reward(pixels, text):
    """What ReFL scores: pixels [1, 3, size, size] that are prepared already."""
    row, mask = encoded(text)
    seen = model.blip.visual_encoder(pixels)
    attended = torch.ones(seen.size()[:-1], dtype=torch.long)
    output = model.blip.text_encoder(
        row, attention_mask=mask, encoder_hidden_states=seen, encoder_attention_mask=attended, return_dict=True)
    return (model.mlp(output.last_hidden_state[:, 0].float()) - model.mean) / model.std


ready = prepared.clone().requires_grad_()
parts = torch.cat([reward(ready[i : i + 1], text) for i, text in enumerate(texts)])
assert (parts.squeeze(-1) - scores).abs().max() < 1e-5
parts.sum().backward()
# The same from 0...1 on, resized as tensors.
whole = (pictures[2].float() / 255).requires_grad_()
small = F.resize(whole, [28, 49], InterpolationMode.BICUBIC, antialias=True)
small = (small + (small.clamp(0, 1) - small).detach())[:, :, 10:38]
through = reward(Normalize(mean, std)(small)[None], texts[2])
through.sum().backward()
print(scores, ranked, ready.grad.abs().max(), whole.grad.abs().max())
with torch.no_grad():
    save_file(
        dict(
            scores=scores.float(), ranked=ranked.float(), gradient=ready.grad[:4].contiguous(), through=through.reshape(1),
            through_gradient=whole.grad),
        here / "expected.safetensors")  # fmt: skip

# MARK: Names and shapes of a full one's tensors

blip.create_vit = full_vit
published = config | dict(
    hidden_size=768, intermediate_size=3072, max_position_embeddings=512, num_attention_heads=12, num_hidden_layers=12,
    vocab_size=30524)  # fmt: skip
with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
    json.dump(published, file)
    file.flush()
    full = package.ImageReward(file.name)
lines = sorted(f"{key}\t{list(value.shape)}\n" for key, value in full.state_dict().items())
(here / "image-reward.names.gz").write_bytes(gzip.compress("".join(lines).encode(), 9, mtime=0))
print(len(lines), "tensors,", sum(p.numel() for p in full.parameters()), "parameters,", len(nasty), "texts,", len(made), "tokens")
