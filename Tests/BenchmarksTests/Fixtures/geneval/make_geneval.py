"""What GenEval's own scorer says of made-up detections, and which colours it sees in made-up crops.

Writes metadata.jsonl, detections.jsonl.gz, results.jsonl.gz, summary.json, positions.json and colors.safetensors with colors.json. Made with
Python 3.11, torch 2.13.0, open_clip_torch 3.3.0, clip-benchmark 1.4.0, pandas 3.1.1, numpy 2.4.6, pillow 13.0.0 and
safetensors 0.8.0: `python make_geneval.py GENEVAL`, in this folder, where GENEVAL is a checkout of djghosh13/geneval. The
detector is a stub that returns the made-up boxes; the CLIP model is the tiny one of Tests/EncodersTests/Fixtures/open-clip.
"""

import argparse
import gzip
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import numpy
import open_clip
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPTokenizer

here = Path(__file__).parent
scorer = Path(sys.argv[1]).resolve() / "evaluation"
clip = here.parents[2] / "EncodersTests/Fixtures"
random.seed(0)

detected = {}  # of each picture, the boxes of each class with scores
assigned = {}  # of each box, its colour
stub = types.ModuleType("mmdet.apis")
stub.init_detector = None
stub.inference_detector = lambda _, path: [
    numpy.array(detected[path].get(name, []), numpy.float32).reshape(-1, 5) for name in names]  # fmt: skip
sys.modules |= {"mmdet": types.ModuleType("mmdet"), "mmdet.apis": stub}
torch.cuda.is_available = lambda: True  # it asserts a GPU when it is imported
spec = importlib.util.spec_from_file_location("evaluate_images", scorer / "evaluate_images.py")
official = importlib.util.module_from_spec(spec)
spec.loader.exec_module(official)
torch.cuda.is_available = lambda: False
official.DEVICE = "cpu"
official.args = argparse.Namespace(options={})
official.object_detector = None
official.THRESHOLD, official.COUNTING_THRESHOLD, official.POSITION_THRESHOLD = 0.3, 0.9, 0.1
official.MAX_OBJECTS, official.NMS_THRESHOLD = 16, 1.0
names = official.classnames = [
    "person", "bench", "cat", "zebra", "cell phone", "computer mouse", "tv remote", "potted plant", "orange", "bear"]  # fmt: skip
colors, relations = official.COLORS, ["left of", "right of", "above", "below"]

# --- Rules -----------------------------------------------------------------------------------------------------------


def prompt(tag):
    a, b = random.sample(names, 2)
    one, other = dict([("class", a), ("count", 1)]), dict([("class", b), ("count", 1)])
    if tag == "single_object":
        return dict(tag=tag, include=[one], prompt=f"a photo of a {a}")
    if tag == "two_object":
        return dict(tag=tag, include=[one, other], prompt=f"a photo of a {a} and a {b}")
    if tag == "counting":
        count = random.randint(2, 4)
        return dict(
            tag=tag, include=[one | dict(count=count)], exclude=[one | dict(count=count + 1)],
            prompt=f"a photo of {['two', 'three', 'four'][count - 2]} {a}s")  # fmt: skip
    if tag == "colors":
        color = random.choice(colors)
        return dict(tag=tag, include=[one | dict(color=color)], prompt=f"a photo of a {color} {a}")
    if tag == "position":
        relation = random.choice(relations)
        return dict(
            tag=tag, include=[one, other | dict(position=[relation, 0])], prompt=f"a photo of a {b} {relation} a {a}")  # fmt: skip
    one, other = (x | dict(color=random.choice(colors)) for x in (one, other))
    if random.random() < 0.3:  # what none of the published prompts asks for, but the rules allow
        one["count"], other["count"], other["position"] = 2, random.choice([1, 2, 3]), [random.choice(relations), 0]
    return dict(tag=tag, include=[one, other], prompt=f"a photo of a {one['color']} {a} and a {other['color']} {b}")


def objects(metadata):
    """Boxes of the classes that are asked for, about as many as are, and of others."""
    threshold = 0.9 if metadata["tag"] == "counting" else 0.3
    found = {}
    for wanted in metadata["include"] + [dict([("class", x), ("count", 1)]) for x in random.sample(names, 1)]:
        rows = found.setdefault(wanted["class"], [])
        count = max(0, wanted["count"] + random.choice([-1, 0, 0, 0, 0, 1, 2]))
        for _ in range(random.randint(17, 20) if random.random() < 0.02 else count):
            x, y, width, height = (random.randrange(limit * 8) / 8 for limit in (380, 380, 130, 130))
            if random.random() < 0.1:
                x, y = 200, 200
            score = threshold if random.random() < 0.05 else round(
                random.uniform(threshold, 1) if random.random() < 0.8 else random.uniform(0, threshold), 4)  # fmt: skip
            while any(score == row[4] for row in rows):  # NumPy sorts equal ones in an order of its own
                score = round(score + 0.0003, 4)
            row = (x, y, x + width, y + height, score)
            rows.append(row)
            # Mostly the colour that is asked for.
            assigned[row[:4]] = wanted.get("color") if random.random() < 0.7 else None
            assigned[row[:4]] = assigned[row[:4]] or random.choice(colors)
    return found


tags = ["single_object", "two_object", "counting", "colors", "position", "color_attr"]
prompts = [prompt(tag) for tag in tags for _ in range({"position": 30, "color_attr": 24, "counting": 20}.get(tag, 12))]
random.shuffle(prompts)
lines = [json.dumps(x) for x in prompts]
(here / "metadata.jsonl").write_text("".join(line + "\n" for line in lines))
true_colors = official.color_classification
official.color_classification = lambda image, boxes, name: [assigned[tuple(box[:4].tolist())] for box, _ in boxes]
ours = []
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for index, metadata in enumerate(prompts):
        samples = Path(f"images/{index:05}/samples")
        samples.mkdir(parents=True)
        (samples.parent / "metadata.jsonl").write_text(lines[index])
        Image.new("RGB", (8, 8)).save(samples.parent / "grid.png")
        for number in range(4):
            path = f"{samples}/{number:04}.png"
            Image.new("RGB", (8, 8)).save(path)
            detected[path] = objects(metadata)
            rows = [
                dict([("class", name), ("box", row[:4]), ("score", row[4]), ("color", assigned[row[:4]])])
                for name, rows in detected[path].items() for row in rows]  # fmt: skip
            random.shuffle(rows)
            ours.append(dict(image=path.removeprefix("images/"), objects=rows))
    listing = os.listdir
    os.listdir = lambda path: sorted(listing(path))
    official.main(argparse.Namespace(imagedir="images", outfile="results.jsonl"))
    os.listdir = listing
    results = Path("results.jsonl").read_text()
    Path("object_names.txt").write_text("\n".join(names))
    summary = subprocess.run(
        [sys.executable, scorer / "summary_scores.py", "results.jsonl"], check=True, capture_output=True, text=True).stdout  # fmt: skip
    os.chdir(here)
for one in relations[:2]:  # Python's sets have no order; ours is that of `relations`
    for other in relations[2:]:
        results = results.replace(f"found {other} and {one} target", f"found {one} and {other} target")


def compressed(name, text):
    with open(here / name, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as inner:
        inner.write(text.encode())


compressed("results.jsonl.gz", results)
compressed("detections.jsonl.gz", "".join(json.dumps(row) + "\n" for row in ours))
(here / "summary.json").write_text(json.dumps(summary))

# --- Positions: pairs of boxes near the rules' boundaries ---------------------------------------------------------------

pairs = []
for index in range(400):
    sizes = [(random.randrange(8, 1600) / 8, random.randrange(8, 1600) / 8) for _ in range(2)]
    angle = random.choice([30, 60, 120, 150, 210, 240, 300, 330]) + random.gauss(0, 6)
    reach = numpy.abs(numpy.array(sizes).sum(0)) * 0.1
    offset = numpy.array([numpy.cos(numpy.radians(angle)), numpy.sin(numpy.radians(angle))])
    offset = offset * reach * random.uniform(0.9, 2.5) if index % 2 else offset * random.uniform(50, 300)
    if index % 40 == 0:
        offset = reach * [1, 0] if index % 80 else reach * 0
    a, b = [[0, 0, *sizes[0]], [0, 0, *sizes[1]]]
    for side in range(2):
        shift = 300 + (sizes[1][side] - sizes[0][side]) / 2 + offset[side]
        a[side], a[side + 2], b[side], b[side + 2] = a[side] + shift, a[side + 2] + shift, b[side] + 300, b[side + 2] + 300
    a, b = (numpy.float32(numpy.round(numpy.array(x) * 8) / 8) for x in (a, b))
    found = official.relative_position((a,), (b,))
    pairs.append([a.tolist(), b.tolist(), [x for x in relations if x in found]])
(here / "positions.json").write_text(json.dumps(pairs))

# --- Colours ---------------------------------------------------------------------------------------------------------

config = json.loads((clip / "open-clip/open_clip_config.json").read_text())
model = open_clip.CLIP(**config["model_cfg"])
model.load_state_dict(load_file(clip / "open-clip/open_clip_model.safetensors"), strict=False)
tokenizer = CLIPTokenizer.from_pretrained(clip / "clip-model")


def tokenize(texts):
    ids = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids
    for row in ids:  # open_clip pads with 0
        row[row.argmax() + 1 :] = 0
    return ids


pre = config["preprocess_cfg"]
official.clip_model, official.tokenizer = model.eval(), tokenize
official.transform = open_clip.image_transform(28, is_train=False, mean=pre["mean"], std=pre["std"])
logits = []
classify = official.zsc.run_classification


def recorded(*arguments):
    scores, truth = classify(*arguments)
    logits.append(scores)
    return scores, truth


official.zsc.run_classification = recorded
crop = Image.Image.crop
Image.Image.crop = lambda image, box: crop(image, tuple(box))  # newer Pillows take no arrays
pictures = load_file(clip / "pictures.safetensors")
# Of each picture: halves round to even, edges outside, all of it, long ones.
boxes = {
    1: [(10.5, 11.5, 40.5, 50.5), (-6.25, -3, 30, 30), (40, 40, 80.75, 70.2)], 2: [(0, 0, 80, 45), (3.2, 5.7, 77, 20)],
    6: [(8, 2.5, 20, 90.5)]}  # fmt: skip
tensors, cases = {}, []
for index, rows in boxes.items():
    picture = Image.fromarray(pictures[f"picture.{index}"].permute(1, 2, 0).numpy())
    for masked in [False, True]:
        y, x = numpy.mgrid[: picture.height, : picture.width]
        masks = [((x - (b[0] + b[2]) / 2) ** 2 + (y - (b[1] + b[3]) / 2) ** 2) < 15**2 if masked else None for b in rows]
        name = random.choice(names)
        picked = true_colors(picture, [(numpy.array([*b, 0.9], numpy.float32), m) for b, m in zip(rows, masks)], name)
        for row, (box, mask) in enumerate(zip(rows, masks)):
            cases.append(dict([("class", name), ("picture", index), ("box", box), ("color", picked[row])]))
            tensors[f"logits.{len(cases) - 1}"] = logits[-1][row].contiguous()
            if masked:
                tensors[f"mask.{len(cases) - 1}"] = torch.from_numpy(mask.astype(numpy.uint8))
name = cases[0]["class"]
tensors["classifier"] = official.COLOR_CLASSIFIERS[name].T.contiguous()  # [colours, width]
save_file(tensors, here / "colors.safetensors")
(here / "colors.json").write_text(json.dumps(cases))
