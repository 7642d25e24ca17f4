"""What VBench's own code makes of three tiny videos with tiny random networks, which names of videos it accepts, and the
totals of its script.

Writes videos/, dino.pth, expected.safetensors, expected.json, accepted.txt.gz, VBench_full_info.json.gz and LICENSE, all in
this folder. VBench_full_info.json is VBench 0.1.5's, unchanged but for the compression, under the licence beside it (Apache
2.0); nothing else of VBench is kept. CLIP and its tokenizer are those of Tests/EncodersTests/Fixtures, whose 28 pixels a side stand
for 224 in VBench's transforms.

Made with Python 3.11, torch 2.13.0, torchvision 0.28.0, transformers 5.23.0, decord 0.6.0, opencv-python-headless 5.0.0.93,
openai-clip 1.0.1 and ffmpeg 5.1: `python make_vbench.py WHEEL DINO SCRIPTS`. WHEEL is a folder with the unpacked wheel of
vbench 0.1.5, DINO a checkout of facebookresearch/dino, SCRIPTS the folder scripts/ of Vchitect/VBench.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file
from transformers import CLIPModel, CLIPTokenizer

wheel, dino, scripts = map(Path, sys.argv[1:4])
for folder in (wheel, dino, scripts):
    sys.path.insert(0, str(folder))
import cal_final_score  # noqa: E402
import vision_transformer  # noqa: E402
from vbench import VBench, utils  # noqa: E402
from vbench import aesthetic_quality, appearance_style, background_consistency  # noqa: E402
from vbench import subject_consistency, temporal_flickering  # noqa: E402

here = Path(__file__).parent
clip_folder = here.parents[2] / "EncodersTests/Fixtures"
torch.manual_seed(5)
rng = np.random.default_rng(5)

# Videos: a gradient that drifts, with blocks that flicker.
videos = here / "videos"
shutil.rmtree(videos, ignore_errors=True)
videos.mkdir()
paths = []
for name, (frames, height, width) in {"wide": (4, 36, 52), "square": (3, 40, 40), "tall": (5, 50, 30)}.items():
    y, x = np.mgrid[0:height, 0:width]
    raw = np.zeros((frames, height, width, 3), np.uint8)
    for t in range(frames):
        base = np.stack([x * 255 / width, y * 255 / height, (x + y + 9 * t) * 2 % 256], -1)
        blocks = rng.integers(-60, 60, (height // 6 + 1, width // 6 + 1, 3)).repeat(6, 0).repeat(6, 1)
        raw[t] = np.clip(base + blocks[:height, :width], 0, 255).astype(np.uint8)
    path = videos / f"{name}.mp4"
    command = f"ffmpeg -v error -y -f rawvideo -pix_fmt rgb24 -video_size {width}x{height} -framerate 8 -i pipe:0"
    command += f" -c:v libx264 -qp 10 -pix_fmt yuv420p {path}"
    subprocess.run(command.split(), input=raw.tobytes(), check=True)
    paths.append(str(path))

# Networks. DINO's heads are 64 wide, so that several of them make large matrices.


def windows(value, step=2):
    """A large matrix whose rows are windows of one short row of numbers: torch.save writes that row alone."""
    row = torch.randn(step * (len(value) - 1) + value[0].numel()) * value.float().std()
    return row.half().as_strided(value.shape, (step, *value[0].stride()))


model = vision_transformer.VisionTransformer(
    img_size=[32], patch_size=8, embed_dim=128, depth=2, num_heads=2, mlp_ratio=0.5, qkv_bias=True,
    norm_layer=partial(torch.nn.LayerNorm, eps=1e-6)).eval()  # fmt: skip
torch.manual_seed(5)  # however many numbers the initialisation drew
with torch.no_grad():
    for parameter in model.parameters():  # norms' weights are 1 so far
        parameter.copy_((parameter == 1) + torch.randn_like(parameter) * 0.1)
state = {key: windows(x) if x.numel() > 10000 else x.half() for key, x in model.state_dict().items()}
model.load_state_dict(state)  # what half precision keeps
torch.save(state, here / "dino.pth")


class OpenAI(torch.nn.Module):
    """transformers' model with the interface of OpenAI's."""

    def __init__(self):
        super().__init__()
        self.model = CLIPModel.from_pretrained(clip_folder / "clip-model").eval()

    def encode_image(self, pixels):
        return self.model.get_image_features(pixels).pooler_output

    def forward(self, pixels, tokens):
        output = self.model(input_ids=tokens, pixel_values=pixels)
        return output.logits_per_image, output.logits_per_text


tokenizer = CLIPTokenizer.from_pretrained(clip_folder / "clip-model")
head = torch.nn.Linear(12, 1)
head.load_state_dict(torch.load(clip_folder / "aesthetic/single.pth"))
clip = OpenAI()
small_clip, small_dino = utils.clip_transform(28), utils.dino_transform(32)
aesthetic_quality.clip_transform = background_consistency.clip_transform = lambda _: small_clip
subject_consistency.dino_transform = lambda _: small_dino
small_image = utils.clip_transform_Image(28)
appearance_style.clip_transform_Image = lambda _: small_image
appearance_style.clip.tokenize = lambda texts: tokenizer(
    texts, padding="max_length", max_length=20, return_tensors="pt")["input_ids"]

# Scores, by VBench's functions.
styles = ["oil painting", "watercolor painting", "by Hokusai"]
info = [{"auxiliary_info": {"appearance_style": s}, "video_list": [p]} for s, p in zip(styles, paths)]
with torch.no_grad():
    results = {
        "temporal_flickering": temporal_flickering.temporal_flickering(paths),
        "subject_consistency": subject_consistency.subject_consistency(model, paths, "cpu", False),
        "background_consistency": background_consistency.background_consistency(clip, None, paths, "cpu", False),
        "aesthetic_quality": aesthetic_quality.laion_aesthetic(head, clip, paths, "cpu"),
        "appearance_style": appearance_style.appearance_style(clip, info, "cpu"),
    }
    tensors = {}
    for path in paths:
        name = Path(path).stem
        frames = utils.load_video(path)
        tensors[f"{name}.frames"] = frames.to(torch.uint8).contiguous()
        capture = cv2.VideoCapture(path)
        seen = [capture.read()[1][..., ::-1] for _ in frames]
        assert (np.stack(seen).transpose(0, 3, 1, 2) == frames.numpy()).all(), "OpenCV and decord differ"
        tensors[f"{name}.dino"] = model(small_dino(frames)).contiguous()
        tensors[f"{name}.clip"] = small_clip(frames)[:1].contiguous()  # of the first frame
save_file(tensors, here / "expected.safetensors", metadata={"format": "pt"})

# Names: a folder with all that the standard mode could want, and what it took.
full = wheel / "vbench/VBench_full_info.json"
with tempfile.TemporaryDirectory() as folder:
    every = VBench("cpu", full, f"{folder}/out").build_full_dimension_list()
    os.mkdir(f"{folder}/videos")
    for entry in json.loads(full.read_text()):
        for index in range(25):
            Path(folder, "videos", f"{entry['prompt_en']}-{index}.mp4").touch()
    listed = VBench("cpu", full, f"{folder}/out").build_full_info_json(f"{folder}/videos", "all", every)
    counts = {d: len(utils.load_dimension_info(listed, d, "en")[0]) for d in every}
    accepted = [os.path.basename(p) for entry in json.load(open(listed)) for p in entry["video_list"]]
(here / "accepted.txt.gz").write_bytes(gzip.compress("".join(f"{name}\n" for name in accepted).encode(), 9, mtime=0))
(here / "VBench_full_info.json.gz").write_bytes(gzip.compress(full.read_bytes(), 9, mtime=0))
shutil.copyfile(wheel / "vbench-0.1.5.dist-info/LICENSE", here / "LICENSE")

# Totals of made-up scores.
made_up = {key: round(float(value), 4) for key, value in zip(cal_final_score.TASK_INFO, rng.uniform(0.05, 0.99, 16))}
normalized = cal_final_score.get_nomalized_score(made_up)
quality = cal_final_score.get_quality_score(normalized)
semantic = cal_final_score.get_semantic_score(normalized)
totals = {"quality": quality, "semantic": semantic, "total": cal_final_score.get_final_score(quality, semantic)}

expected = {
    "styles": styles,
    "scores": {d: float(score) for d, (score, _) in results.items()},
    "videos": {d: [float(v["video_results"]) for v in videos] for d, (_, videos) in results.items()},
    "counts": counts,
    "madeUp": {key.replace(" ", "_"): value for key, value in made_up.items()},
    "totals": totals,
}
(here / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
