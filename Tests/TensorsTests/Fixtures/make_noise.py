"""Writes noise.json: an independent reference of the random numbers in Noise.swift.

    python make_noise.py

Philox 4x32-10 after Salmon et al. (SC11), with Python's integers; its known answers are asserted here too.
"""

import json
import math
import pathlib

import numpy as np

MASK = 2**32 - 1


def philox(counter, key):
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for round in range(10):
        if round > 0:
            k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
        left, right = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (right >> 32) ^ c1 ^ k0, right & MASK, (left >> 32) ^ c3 ^ k1, left & MASK
    return c0, c1, c2, c3


assert philox((0, 0, 0, 0), (0, 0)) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
assert philox((MASK,) * 4, (MASK,) * 2) == (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)
assert philox((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)) == (
    0xD16CFE09,
    0x94FDCCEB,
    0x5001E420,
    0x24126EA1,
)


def purpose_hash(purpose):
    hash = 2166136261
    for byte in purpose.encode():
        hash = ((hash ^ byte) * 16777619) & MASK
    return hash


def words(seed, purpose, step, sample, count):
    key = (seed & MASK, (seed >> 32) & MASK)
    blocks = [philox((b, purpose_hash(purpose), step & MASK, sample & MASK), key) for b in range(-(-count // 4))]
    return [word for block in blocks for word in block][:count]


def box_muller(u, v):
    """The inputs in single precision, as the Swift code has them; the functions in double."""
    uniform = float((np.float32(u >> 8) + np.float32(0.5)) * np.float32(2**-24))
    angle = float(np.float32(2 * np.float32(math.pi)) * np.float32((v >> 8) * 2**-24))
    radius = math.sqrt(-2 * math.log(uniform))
    return radius * math.cos(angle), radius * math.sin(angle)


def normals(seed, purpose, step, sample, count):
    w = words(seed, purpose, step, sample, count + (-count) % 4)
    return [value for i in range(0, len(w), 2) for value in box_muller(w[i], w[i + 1])][:count]


streams = []
for seed, purpose, step, first, count, shape in [
    (0, "noise", 0, 0, 3, [5]),
    (1234, "student noise", 7, 10, 2, [2, 3]),
    (-1, "time", 0, 0, 4, []),
    (2**40 + 3, "Rauschen, größer", 100_000, 2**31, 2, [1, 4]),
]:
    size = math.prod(shape)
    streams.append(
        {
            "seed": seed,
            "purpose": purpose,
            "step": step,
            "first": first,
            "count": count,
            "shape": shape,
            "words": [word for s in range(first, first + count) for word in words(seed, purpose, step, s, size)],
            "normal": [round(v, 9) for s in range(first, first + count) for v in normals(seed, purpose, step, s, size)],
        }
    )

text = "[\n" + ",\n".join("  " + json.dumps(stream) for stream in streams) + "\n]\n"
pathlib.Path(__file__).with_name("noise.json").write_text(text)
