"""Pictures, a tiny TorchScript program with the interface of NVIDIA's Inception, and what clean-fid, CMMD's and DMD2's evaluations make of them.

Writes pictures/, inception.pt, small.pt, no-tensor.pt, captions.txt and expected.safetensors. The CLIP models are those of Tests/EncodersTests/Fixtures. Made
with Python 3.11, torch 2.13.0, torchvision 0.28.0, clean-fid 0.1.35, scipy 1.17.1, pillow 13.0.0, transformers 5.23.0,
open_clip_torch 3.3.0 and safetensors 0.8.0: `python make_features.py`, in this folder.
"""

import json
import shutil
import tempfile
from pathlib import Path

import numpy
import open_clip
import torch
from cleanfid import fid
from cleanfid.inception_torchscript import InceptionV3W
from cleanfid.resize import build_resizer
from PIL import Image
from safetensors.torch import load_file, save_file
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Normalize, Resize, ToTensor
from torchvision.transforms.functional import center_crop
from transformers import CLIPModel, CLIPTokenizer

here = Path(__file__).parent
clip_fixtures = here / "../../../EncodersTests/Fixtures"
size = 28  # what the tiny CLIP models see

# Pictures of several shapes, those that a patch of 299 pixels fits into among them. They are plain, to be small files.
shapes = [(64, 64), (45, 80), (310, 341), (400, 301), (120, 93), (299, 303)]
folder = here / "pictures"
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir()
random = numpy.random.default_rng(5)
for index, (height, width) in enumerate(shapes):
    y, x = numpy.mgrid[:height, :width]
    picture = numpy.stack([((x * (c + 1) + y * (3 - c)) // (17 + index)) % 2 * 200 + 20 * c for c in range(3)], -1)
    for _ in range(12):
        top, left = random.integers(0, height), random.integers(0, width)
        picture[top : top + height // 5, left : left + width // 4] = random.integers(0, 256, 3)
    Image.fromarray(picture.astype(numpy.uint8)).save(folder / f"{index:05d}.png", optimize=True)
pictures = [numpy.array(Image.open(path).convert("RGB")) for path in sorted(folder.glob("*.png"))]


class Layers(torch.nn.Module):
    """2048 features of pictures of 299 pixels."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv2d(3, 8, 11, stride=6)
        self.norm = torch.nn.BatchNorm2d(8)
        self.second = torch.nn.Conv2d(8, 32, 3, stride=2)

    def forward(self, x):
        x = torch.relu(self.norm(self.first(x)))
        return torch.nn.functional.adaptive_avg_pool2d(torch.relu(self.second(x)), [8, 8]).flatten(1)


class Program(torch.nn.Module):
    """StyleGAN's way is its own forward; clean-fid's is that of its layers."""

    def __init__(self):
        super().__init__()
        self.layers = Layers()
        self.output = torch.nn.Linear(2048, 3)

    def forward(self, x, return_features: bool = False):
        # Without a resize: torch.nn.functional's names operators that old versions of libtorch lack.
        features = self.layers((x.float() - 128) / 128)
        return features if return_features else self.output(features).softmax(-1)


class FewFeatures(torch.nn.Module):
    """Four features, of which a handful of pictures have a covariance of full rank."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 13, stride=7)

    def forward(self, x):
        return torch.relu(self.conv(x)).mean([2, 3])


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = FewFeatures()

    def forward(self, x):
        return self.layers(x)


class NoTensor(torch.nn.Module):
    """Two tensors, where one is expected."""

    def forward(self, x):
        return x, x


torch.manual_seed(0)
program = Program()
with torch.no_grad():  # as if trained: statistics that are none of the defaults
    program.layers.norm.running_mean.uniform_(-0.2, 0.2)
    program.layers.norm.running_var.uniform_(0.5, 2)
torch.jit.script(program.eval()).save(str(here / "inception.pt"))
small = Small().eval()
with torch.no_grad():
    small.layers.conv.weight.mul_(30)
torch.jit.script(small).save(str(here / "small.pt"))
torch.jit.script(NoTensor()).save(str(here / "no-tensor.pt"))
with tempfile.TemporaryDirectory() as place:
    shutil.copy(here / "inception.pt", Path(place) / "inception-2015-12-05.pt")  # the name that clean-fid looks for
    inception = InceptionV3W(place, download=False)
resize = build_resizer("clean")


def features(transform, network=inception):
    """clean-fid's, after a transform of its `custom_image_tranform` argument."""
    batch = [torch.from_numpy(resize(transform(picture)).transpose(2, 0, 1)) for picture in pictures]
    with torch.no_grad():
        return network(torch.stack(batch))


def squared(picture, side):
    """What DMD2 does before FID and CLIP score."""
    image = Image.fromarray(picture)
    return center_crop(image, min(image.size)).resize((side, side), Image.LANCZOS)


def patch(picture):
    """DMD2's patch."""
    image = Image.fromarray(picture)
    return numpy.array(center_crop(image, 299) if min(image.size) >= 299 else image)


# Every fifth of the 2048, so that each of the 64 places and the 32 channels is among them.
expected = {
    "clean": features(lambda picture: picture)[:, ::5],
    "square": features(lambda picture: numpy.array(squared(picture, 96)))[:, ::5],
    "patch": features(patch)[:, ::5],
}
# FID of the first five pictures to all six.
few = {"square": lambda picture: numpy.array(squared(picture, 96)), "patch": patch}
for name, transform in few.items():
    six = features(transform, lambda x: small.layers((x - 128) / 128)).double().numpy()
    expected[f"fid.{name}"] = torch.tensor(fid.fid_from_feats(six, six[:5]), dtype=torch.float64)
# Pillow's resize in floating point, smaller and larger.
channel = Image.fromarray(pictures[1][:, :, 0].astype(numpy.float32), mode="F")
for filter in ["bilinear", "bicubic", "lanczos"]:
    for name, shape in {"smaller": (23, 19), "larger": (83, 49)}.items():
        made = numpy.array(channel.resize(shape, getattr(Image, filter.upper())))
        expected[f"float.{filter}.{name}"] = torch.from_numpy(made)[None]

# Distances of features, by clean-fid on SciPy. KID over one subset of everything.
real, generated = random.normal(0, 1, (60, 8)), random.normal(0.3, 1.2, (60, 8))
mix = random.normal(0, 1, (8, 8))
real, generated = (real @ mix).astype(numpy.float32), (generated @ mix.T).astype(numpy.float32)
expected["real"], expected["generated"] = torch.from_numpy(real), torch.from_numpy(generated)
expected["fid"] = torch.tensor(fid.fid_from_feats(real.astype(float), generated.astype(float)), dtype=torch.float64)
numpy.random.seed(0)  # which clean-fid draws subsets with
expected["kid"] = torch.tensor(
    fid.kernel_distance(real.astype(float), generated.astype(float), num_subsets=1), dtype=torch.float64)

# CMMD's embeddings: the middle square, then bicubic to the model's size.
clip = CLIPModel.from_pretrained(clip_fixtures / "clip-model").eval()
mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
prepare = Compose([ToTensor(), Normalize(mean, std)])


def middle(picture):
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    image = Image.fromarray(picture).crop((left, top, left + side, top + side))
    return image.resize((size, size), Image.BICUBIC)


with torch.no_grad():
    found = clip.get_image_features(pixel_values=torch.stack([prepare(middle(picture)) for picture in pictures]))
    embeddings = found if isinstance(found, torch.Tensor) else found.pooler_output
expected["cmmd"] = embeddings / embeddings.norm(dim=-1, keepdim=True)

# DMD2's CLIP score: prefix spliced in behind the start, pictures at 256 pixels first, open_clip's own processing.
texts = ["a cat", "An astronaut, riding a horse; it's 4K", "the end of the long road " * 20, "two", "7 seven", "A man."]
(here / "captions.txt").write_text("\n".join(texts) + "\n")
config = json.loads((clip_fixtures / "open-clip/open_clip_config.json").read_text())["model_cfg"]
model = open_clip.CLIP(**config)
state = load_file(clip_fixtures / "open-clip/open_clip_model.safetensors")
model.load_state_dict({key: value.float() for key, value in state.items()}, strict=False)
model.eval()
tokenizer = CLIPTokenizer.from_pretrained(clip_fixtures / "clip-model")
length, end = 20, tokenizer.eos_token_id


def tokens(text):
    ids = tokenizer(text, truncation=True, max_length=length).input_ids
    return torch.tensor([ids + [0] * (length - len(ids))])


prefix = tokenizer("A photo depicts ", add_special_tokens=False).input_ids
clip_processing = Compose(
    [Resize(size, InterpolationMode.BICUBIC), CenterCrop(size), ToTensor(), Normalize(mean, std)])  # fmt: skip
scores = []
with torch.no_grad():
    for picture, text in zip(pictures, texts):
        ids = tokens(text)
        spliced = torch.cat([ids[:, :1], torch.tensor([prefix]), ids[:, 1:]], 1)[:, :length]
        if spliced[0, -1] > 0:
            spliced[0, -1] = end
        image = model.encode_image(clip_processing(squared(picture, 256))[None])
        scores.append(torch.nn.functional.cosine_similarity(image, model.encode_text(spliced)))
expected["clip-score"] = torch.cat(scores)
save_file({key: value.contiguous() for key, value in expected.items()}, here / "expected.safetensors")
