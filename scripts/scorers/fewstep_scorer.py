"""Fewstep's protocol for external scorers (docs/external-rewards.md), in pure Python.

A scorer is an object with

    name, version   texts; the version changes whenever a score would
    weights         a hash of its weights, "" without any (hash_of makes one)
    axes            names of what it scores by
    takes           ["images"], ["videos"] or both
    score(samples, prompts)               a list of numbers a sample, one an axis
    gradient(samples, prompts, weights)   scores as above, and for each sample the gradient of the sum of its axes'
                                          scores, weighted by `weights` {axis: number}: a list of numbers, an array of
                                          array.array("f"), or a numpy array, as long as the sample has values.
                                          A scorer without this method gives no gradients.

and `serve` lets it speak to Fewstep:

    serve(MyScorer)        MyScorer(seed) is made when Fewstep has said hello

What is printed goes to standard error, which Fewstep shows. An exception is told to Fewstep, which ends with it.
"""

import array
import hashlib
import importlib
import json
import os
import struct
import sys
import traceback

PROTOCOL = 1
MAGIC = b"FSPR"
CODES = {"uint8": "B", "float32": "f", "float64": "d"}


class ScorerError(Exception):
    """What a user has to be told, without a trace of the stack."""


class Sample:
    """An image [C, H, W] or a video [C, F, H, W]: uint8 0...255 as it is in a file, or float32 0...1."""

    def __init__(self, dtype, shape, data):
        self.dtype, self.shape, self.data = dtype, tuple(shape), data

    @property
    def is_video(self):
        return len(self.shape) == 4

    def floats(self):
        """All values in 0...1, row by row, without numpy."""
        values = array.array(CODES[self.dtype], self.data)
        return array.array("f", (value / 255 for value in values)) if self.dtype == "uint8" else values

    def array(self):
        """A numpy array of the sample's shape and dtype, which may be written to."""
        numpy = need("numpy", "pip install numpy")
        return numpy.frombuffer(self.data, self.dtype).reshape(self.shape).copy()


def serve(make):
    """Answers Fewstep's requests until it goes away."""
    if sys.byteorder != "little":
        raise SystemExit("the protocol is little endian, and this machine is not")
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    # Whatever libraries print must not come between the messages.
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    try:
        _answer(incoming, outgoing, make)
    except (BrokenPipeError, KeyboardInterrupt):
        pass


def _answer(incoming, outgoing, make):
    hello, _ = _read(incoming)
    if hello is None:
        return
    if hello.get("type") != "hello" or hello.get("protocol") != PROTOCOL:
        _write(outgoing, {"type": "error", "message": f"expected a hello of protocol {PROTOCOL}, got {hello}"})
        return
    try:
        scorer = make(hello.get("seed", 0))
    except Exception as error:
        _write(outgoing, {"type": "error", "message": _words(error)})
        return
    _write(outgoing, {
        "type": "hello", "protocol": PROTOCOL, "scorer": scorer.name, "version": scorer.version,
        "weights": scorer.weights, "axes": scorer.axes, "takes": scorer.takes,
        "gradients": hasattr(scorer, "gradient"),
    })
    while True:
        request, samples = _read(incoming)
        if request is None:
            return
        try:
            header, tensors = _scores(scorer, request, samples)
        except Exception as error:
            header, tensors = {"type": "error", "id": request.get("id"), "message": _words(error)}, []
        _write(outgoing, header, tensors)


def _scores(scorer, request, samples):
    prompts, weights = request["prompts"], request.get("gradient")
    gradients = []
    if weights is None:
        scores = scorer.score(samples, prompts)
    else:
        scores, gradients = scorer.gradient(samples, prompts, weights)
    flat = array.array("f", (float(score) for row in scores for score in row))
    tensors = [("float32", [len(scores), len(scorer.axes)], flat.tobytes())]
    for gradient, sample in zip(gradients, samples):
        tensors.append(("float32", list(sample.shape), _bytes(gradient)))
    return {"type": "scores", "id": request["id"]}, tensors


def _bytes(values):
    if hasattr(values, "astype"):
        return values.astype("float32").tobytes()
    return (values if isinstance(values, array.array) else array.array("f", values)).tobytes()


def _words(error):
    if isinstance(error, ScorerError):
        return str(error)
    traceback.print_exception(type(error), error, error.__traceback__)
    return f"{type(error).__name__}: {error}"


# The messages


def _read(stream):
    """A header and its tensors; None at the end of the stream."""
    prefix = _exactly(stream, 16)
    if prefix is None:
        return None, []
    magic, header, _ = struct.unpack("<4sIQ", prefix)
    if magic != MAGIC:
        raise SystemExit(f"standard input holds something that is no message: {prefix!r}")
    header = json.loads(_exactly(stream, header))
    samples = []
    for tensor in header["tensors"]:
        count = struct.calcsize(CODES[tensor["dtype"]])
        for size in tensor["shape"]:
            count *= size
        samples.append(Sample(tensor["dtype"], tensor["shape"], _exactly(stream, count)))
    return header, samples


def _exactly(stream, count):
    data = stream.read(count)
    return data if len(data) == count else None


def _write(stream, header, tensors=()):
    listed = [{"dtype": dtype, "shape": shape} for dtype, shape, _ in tensors]
    text = json.dumps({**header, "tensors": listed}).encode()
    stream.write(struct.pack("<4sIQ", MAGIC, len(text), sum(len(data) for _, _, data in tensors)) + text)
    for _, _, data in tensors:
        stream.write(data)
    stream.flush()


# For scorers that stand on packages and weights


def need(module, advice):
    """An imported module, or an error that says how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ScorerError(f"the Python package '{module}' cannot be imported ({error})\n  {advice}") from error


def hash_of(*paths):
    """SHA-256 over the contents of files."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            with open(path, "rb") as file:
                while block := file.read(1 << 22):
                    digest.update(block)
        except OSError as error:
            raise ScorerError(f"{path}: {error.strerror}") from error
    return digest.hexdigest()
