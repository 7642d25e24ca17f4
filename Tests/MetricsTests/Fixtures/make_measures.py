"""Writes measures.json: features with the distances, precisions and recalls that NumPy and SciPy give for them.

    pip install numpy scipy
    python make_measures.py

The Fréchet distance is computed as in the FID code of its authors, with SciPy's Schur-based root of the product, where the
covariances have full rank. Where they have not, that root is inaccurate, and the singular values of the product of the centred
features are used: the trace of the root is their sum. Precision and recall compare all pairs, without any matrix trick.
"""

import json
import pathlib

import numpy as np
import scipy.linalg

random = np.random.default_rng(7)
DIGITS = 6


def features(count, dimension, mean=0.0, scale=1.0, rank=None):
    mix = random.normal(size=(rank or dimension, dimension))
    return np.round(random.normal(size=(count, mix.shape[0])) @ mix * scale + mean, DIGITS)


def squared_means(a, b):
    difference = a.mean(0) - b.mean(0)
    return difference @ difference


def by_schur(a, b):
    s, t = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(s @ t)
    assert np.isfinite(root).all() and np.abs(np.imag(root)).max() < 1e-6
    return squared_means(a, b) + np.trace(s) + np.trace(t) - 2 * np.trace(np.real(root))


def by_singular_values(a, b):
    x, y = [(z - z.mean(0)) / np.sqrt(len(z) - 1) for z in (a, b)]
    nuclear = scipy.linalg.svdvals(x @ y.T).sum()
    return squared_means(a, b) + (x * x).sum() + (y * y).sum() - 2 * nuclear


def distances(a, b):
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))


def coverage(centres, points, neighbours):
    radii = np.sort(distances(centres, centres), axis=1)[:, neighbours]
    return (distances(points, centres) <= radii).any(1).mean()


cases = []
for name, a, b in [
    ("full rank", features(60, 5), features(50, 5, 0.5, 1.3)),
    ("far from the origin", features(40, 4, 1000.0), features(40, 4, 1000.5)),
    ("different scales", features(80, 3, 0.0, 0.01), features(70, 3, 0.0, 10.0)),
    ("fewer samples than features", features(6, 16), features(5, 16, 0.3)),
    ("one side of low rank", features(30, 8, rank=2), features(40, 8)),
    ("close to each other", features(50, 6, rank=3), features(50, 6, rank=3) * 0.1),
]:
    distance = by_singular_values(a, b)
    if np.linalg.matrix_rank(np.cov(a, rowvar=False)) == np.linalg.matrix_rank(np.cov(b, rowvar=False)) == a.shape[1]:
        assert abs(by_schur(a, b) - distance) < 1e-8 * max(1, distance), name
        distance = by_schur(a, b)
    cases.append(
        {
            "name": name,
            "dimension": a.shape[1],
            "real": a.ravel().tolist(),
            "generated": b.ravel().tolist(),
            "frechetDistance": distance,
            "precision": {str(k): coverage(a, b, k) for k in (1, 3)},
            "recall": {str(k): coverage(b, a, k) for k in (1, 3)},
        }
    )

path = pathlib.Path(__file__).with_name("measures.json")
lines = ",\n".join(json.dumps(case) for case in cases)
path.write_text(f"[\n{lines}\n]\n")
