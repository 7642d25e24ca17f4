"""Writes the pictures and resized pixels that the tests of Media read.

    python make_images.py

with Pillow 13.0.0 and numpy 2.4.6.
"""

import base64
import io
import json
import pathlib

import numpy as np
from PIL import Image

folder = pathlib.Path(__file__).parent


def text(pixels):
    return base64.b64encode(pixels.tobytes()).decode()


y, x = np.mgrid[0:22, 0:31].astype(float)
smooth = np.stack([128 + 100 * np.sin(x / 5), 8 * y + 2 * x, 255 - 6 * x], -1)
pixels = np.clip(smooth + np.random.default_rng(0).normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)
alpha = np.clip(10 * x, 0, 255).astype(np.uint8)[..., None]
colour = Image.fromarray(pixels)
clear = Image.fromarray(np.concatenate([pixels, alpha], -1))
grey = colour.convert("L")
palette = colour.quantize(16)

palette.info["transparency"] = 3
pictures = {
    "420.jpg": (colour, {"quality": 80}),
    "444.jpg": (colour, {"quality": 90, "subsampling": 0}),
    "progressive.jpg": (colour, {"quality": 60, "progressive": True}),
    "grey.jpg": (grey, {}),
    "lossy.webp": (colour, {"quality": 80}),
    "lossless.webp": (colour, {"lossless": True}),
    "clear.webp": (clear, {"quality": 80}),
    "colour.png": (colour, {}),
    "clear.png": (clear, {}),
    "grey.png": (grey, {}),
    "palette.png": (palette, {"transparency": 3}),
}
turned = Image.Exif()
turned[0x0112] = 6
pictures["turned.jpg"] = (colour, {"exif": turned})
decoded = {}
for name, (image, options) in pictures.items():
    data = io.BytesIO()
    image.save(data, {"jpg": "JPEG", "webp": "WEBP", "png": "PNG"}[name.split(".")[1]], **options)
    (folder / name).write_bytes(data.getvalue())
    decoded[name] = text(np.asarray(Image.open(data).convert("RGB")))
colour.convert("CMYK").save(folder / "print.jpg")
colour.save(folder / "moving.webp", save_all=True, append_images=[colour.rotate(90)])

filters = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS}
resized = []
for name, code in filters.items():
    for width, height in [(8, 8), (62, 44), (13, 40), (31, 7), (5, 22), (1, 1), (31, 22)]:
        values = np.asarray(colour.resize((width, height), code)).transpose(2, 0, 1)
        resized.append({"filter": name, "width": width, "height": height, "pixels": text(values)})
(folder / "images.json").write_text(json.dumps({"decoded": decoded, "resized": resized}) + "\n")
