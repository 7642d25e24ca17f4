"""What DPG-Bench's own scorer says of made-up answers to made-up questions.

Writes prompts/, questions.csv and repeated.csv, and for each of them results and details as the scorer writes them. Made with
Python 3.11, torch 2.15.0, accelerate 1.15.0, pandas 3.1.1, numpy 2.4.6 and pillow 13.0.0: `python make_dpg.py ELLA`, in this
folder, where ELLA is a checkout of TencentQQGYLab/ELLA. The model that answers is a stub that knows the made-up answers.
"""

import csv
import importlib.util
import os
import random
import shutil
import sys
import tempfile
import types
from pathlib import Path

from PIL import Image

here = Path(__file__).parent
scorer = Path(sys.argv[1]).resolve() / "dpg_bench/compute_dpg_bench.py"
random.seed(0)

kinds = [
    "entity - whole", "entity - part", "attribute - color", "attribute - texture", "relation - spatial",
    "relation - non-spatial", "other - count", "other - text", "global"]  # fmt: skip
header = [
    "item_id", "text", "keywords", "proposition_id", "dependency", "category_broad", "category_detailed", "tuple",
    "question_natural_language"]  # fmt: skip
items = ["partiprompts7", "1", "COCOval2014000000000285", "posescript3", "256", "vrd12", "localized8"]
prompts = {name: f'A long description of "{name}",\nwith many things, and the café of them all.' for name in items}
rows, answers = [], {}
for place, name in enumerate(items):
    for number in range(1, random.randint(5, 9)):
        kind = random.choice(kinds)
        parents = sorted(random.sample(range(1, number), min(number - 1, random.randint(1, 2)))) or [0]
        if random.random() < 0.3:
            parents = [0]
        if name == "vrd12" and number == 2:
            parents = [3]  # a parent that comes later
        question = random.choice(["Is the {} there?", 'Does the {}, or "it", look so, in this picture?', "Are there {}s?"])
        rows.append(dict(zip(header, [
            name, prompts[name], "", number, ", ".join(map(str, parents)), kind.split(" - ")[0], kind,
            f"{kind} (thing {number}, of {place})", question.format(f"thing {number}")])))  # fmt: skip
        for tile in range(4):
            chance = random.random()
            answers[place, tile, rows[-1]["question_natural_language"]] = (
                "yes" if chance < 0.7 else "no" if chance < 0.95 else "Yes")
rows[1]["dependency"] = "1"  # the scorer skips the first row, and so fails the first item
repeated = [dict(row) for row in rows]
repeated[1]["dependency"] = "0"
for row in repeated:
    if row["item_id"] == items[0]:
        row["dependency"] = "0"
repeated[4]["proposition_id"] = repeated[3]["proposition_id"]  # the later one counts
repeated.append(dict(repeated[-1], item_id="1", proposition_id=1, dependency="0"))  # and so does the later block
for tile in range(4):
    answers[1, tile, repeated[-1]["question_natural_language"]] = "yes" if tile % 2 else "no"


class Accelerator:
    device, num_processes, process_index, is_main_process = "cpu", 1, 0, True

    def prepare(self, model):
        return model

    def wait_for_everyone(self):
        pass


def answer(asked):
    place, tile, _ = asked["image"].getpixel((0, 0))
    return dict(text=answers[place, tile, asked["question"]])


modules = {name: types.ModuleType(name) for name in [
    "accelerate", "accelerate.utils", "modelscope", "modelscope.pipelines", "modelscope.utils",
    "modelscope.utils.constant"]}  # fmt: skip
modules["accelerate"].Accelerator = Accelerator
modules["accelerate.utils"].gather_object = lambda values: values
modules["modelscope.pipelines"].pipeline = lambda *_, **__: answer
modules["modelscope.utils.constant"].Tasks = types.SimpleNamespace(visual_question_answering=None)
sys.modules |= modules
spec = importlib.util.spec_from_file_location("compute_dpg_bench", scorer)
official = importlib.util.module_from_spec(spec)
spec.loader.exec_module(official)
official.time.sleep = lambda _: None

shutil.rmtree(here / "prompts", ignore_errors=True)
(here / "prompts").mkdir()
for name, prompt in prompts.items():
    (here / f"prompts/{name}.txt").write_text(prompt)
for name, table in [("questions", rows), ("repeated", repeated)]:
    with open(here / f"{name}.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(table)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("images").mkdir()
        for place, item in enumerate(items):
            grid = Image.new("RGB", (8, 8))
            for tile in range(4):
                grid.paste((place, tile, 0), (4 * (tile % 2), 4 * (tile // 2), 4 * (tile % 2) + 4, 4 * (tile // 2) + 4))
            grid.save(f"images/{item}.png")
        listing = os.listdir
        os.listdir = lambda path: sorted(listing(path))
        sys.argv = [
            "", "--image-root-path", "images", "--resolution", "4", "--pic-num", "4", "--csv", str(here / f"{name}.csv"),
            "--res-path", f"{name}.txt"]  # fmt: skip
        official.main()
        os.listdir = listing
        os.chdir(here)
        for file in [f"{name}.txt", f"{name}_detail.txt"]:
            shutil.copy(Path(folder) / file, here / file)
