"""Writes features.safetensors and features.json: features, and what torch-fidelity and NumPy say of them.

    pip install numpy scipy safetensors torch torchvision torch-fidelity
    python make_features.py

Fréchet distance, KID, precision and recall are torch-fidelity's own functions, given the features in float64; KID with one
subset of all samples, which is its unbiased estimate over all pairs, and, to compare, with its default of many subsets. They
serve where both sets are of one size. KID of sets of different sizes, CMMD, density and coverage are written out in NumPy here,
pair by pair, after their papers' formulas. SciPy's square root of the product checks the Fréchet distance.
"""

import json
import pathlib

import numpy as np
import scipy.linalg
import torch
from safetensors.numpy import save_file
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

random = np.random.default_rng(11)


def features(count, dimension, shift=0.0, mix=None):
    mix = random.normal(size=(dimension, dimension)) / np.sqrt(dimension) if mix is None else mix
    return (random.normal(size=(count, dimension)) @ mix + shift).astype(np.float32)


def relative(count, dimension, shift, strength):
    """A real and a generated set whose covariances have much in common."""
    mix = random.normal(size=(dimension, dimension)) / np.sqrt(dimension)
    other = mix + strength * random.normal(size=(dimension, dimension)) / np.sqrt(dimension)
    return features(count[0], dimension, mix=mix), features(count[1], dimension, shift, other)


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def frechet(a, b):
    difference = a.mean(0) - b.mean(0)
    s, t = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    return difference @ difference + np.trace(s + t) - 2 * np.trace(scipy.linalg.sqrtm(s @ t)).real


def kernel_distance(a, b):
    def k(x, y):
        return (x @ y.T / x.shape[1] + 1) ** 3

    def apart(x):
        values = k(x, x)
        return (values.sum() - np.trace(values)) / (len(x) * (len(x) - 1))

    return apart(a) + apart(b) - 2 * k(a, b).mean()


def cmmd(a, b):
    def k(x, y):
        return np.exp(-((x[:, None] - y[None]) ** 2).sum(-1) / (2 * 10**2)).mean()

    return 1000 * (k(a, a) + k(b, b) - 2 * k(a, b))


def distances(x, y):
    return np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1))


def density_coverage(real, generated, k=5):
    radii = np.sort(distances(real, real), axis=1)[:, k]
    inside = distances(real, generated) <= radii[:, None]
    return inside.sum(0).mean() / k, inside.any(1).mean()


cases, tensors = [], {}
for name, real, generated in [
    ("shifted", *relative((160, 160), 16, 0.3, 0.2)),
    ("close", *relative((200, 200), 8, 0.0, 0.02)),
    ("of different sizes", *relative((110, 70), 20, 0.2, 0.3)),
    ("wide", *relative((90, 90), 36, 0.1, 0.3)),
    ("of unit length", *(unit(x) for x in relative((100, 100), 16, 0.1, 0.3))),
]:
    tensors[f"{name}/real"], tensors[f"{name}/generated"] = real, generated
    a, b = real.astype(np.float64), generated.astype(np.float64)
    x, y = torch.from_numpy(a), torch.from_numpy(b)
    distance = fid_statistics_to_metric(
        fid_features_to_statistics(x), fid_features_to_statistics(y), verbose=False
    )["frechet_inception_distance"]
    assert abs(distance - frechet(a, b)) < 1e-8 * max(1, distance)
    shares = prc_features_to_metric(y, x, verbose=False)
    density, coverage = density_coverage(a, b)
    case = {
        "name": name,
        "frechetDistance": distance,
        "kernelDistance": kernel_distance(a, b),
        "precision": shares["precision"],
        "recall": shares["recall"],
        "density": density,
        "coverage": coverage,
        "cmmd": cmmd(a, b),
    }
    if len(a) == len(b):
        whole = kid_features_to_metric(x, y, kid_subsets=1, kid_subset_size=len(a), verbose=False)
        assert abs(whole["kernel_inception_distance_mean"] - case["kernelDistance"]) < 1e-12
        case["kernelDistance"] = whole["kernel_inception_distance_mean"]
        subsets = kid_features_to_metric(x, y, kid_subsets=400, kid_subset_size=64, verbose=False)
        case["kernelDistanceOfSubsets"] = subsets["kernel_inception_distance_mean"]
        case["deviationOfSubsets"] = subsets["kernel_inception_distance_std"]
    cases.append(case)

folder = pathlib.Path(__file__).parent
save_file(tensors, folder / "features.safetensors")
lines = ",\n".join(json.dumps(case) for case in cases)
(folder / "features.json").write_text(f"[\n{lines}\n]\n")
