"""A scorer that behaves in a way of its own: stand_in.py MODE [ARGUMENT]. Its score is a sample's mean value."""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../../scripts/scorers"))
import fewstep_scorer as protocol

mode = sys.argv[1] if len(sys.argv) > 1 else ""
argument = sys.argv[2] if len(sys.argv) > 2 else ""
incoming, outgoing = os.fdopen(0, "rb"), os.fdopen(1, "wb")


def say(header, tensors=()):
    protocol._write(outgoing, header, tensors)


def scores(request, samples, count=None, value=None):
    """The answer to a request: means, or a value in their place."""
    values = protocol.array.array("f")
    for sample in samples:
        floats = sample.floats()
        values.append(sum(floats) / len(floats) if value is None else value)
    values = values[:count]
    return {"type": "scores", "id": request["id"]}, [("float32", [len(values), 1], values.tobytes())]


def noted():
    """How often a scorer with this argument, a file, has been here."""
    with open(argument, "a") as file:
        file.write(f"{os.getpid()}\n")
    with open(argument) as file:
        return len(file.readlines())


if mode == "silent":
    time.sleep(600)
if mode == "early":
    print("Loading weights: 100%", flush=True)
if mode == "broken":
    sys.exit("no module named reward")
starts = noted() if argument and mode in ("fragile", "changed", "stubborn", "hang") else 0
protocol._read(incoming)
if mode == "refusing":
    say({"type": "error", "message": "the weights are on another disk"})
    sys.exit()
hello = {
    "type": "hello", "protocol": 2 if mode == "future" else 1, "scorer": "stand-in", "version": argument or "1",
    "weights": "abc", "axes": ["mean"], "takes": ["images"], "gradients": mode == "gradient-shape",
}
if mode == "changed":
    hello["version"] = str(starts)
elif mode == "versioned":
    with open(argument) as file:
        hello["version"] = file.read()
elif starts:
    hello["version"] = "1"
if mode == "nameless":
    del hello["scorer"]
if mode == "deaf":
    incoming.close()
say(hello)
if mode == "deaf":
    time.sleep(600)
if mode == "stubborn":
    # Deaf to everything but SIGKILL, and so is what it has started.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.fork() == 0:
        noted()
    while True:
        time.sleep(600)

held = []
while True:
    request, samples = protocol._read(incoming)
    if request is None:
        break
    if mode == "garbage":
        print("Processing 3 images\nwith 2 workers", flush=True)
        time.sleep(600)
    elif mode == "hang":
        time.sleep(600)
    elif mode == "dies" or mode in ("fragile", "changed") and starts == 1:
        # In the middle of an answer.
        header, tensors = scores(request, samples)
        outgoing.write(b"FSPR\x20\x00\x00")
        outgoing.flush()
        print("CUDA error: out of memory", file=sys.stderr, flush=True)
        os._exit(3)
    elif mode == "crashes":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif mode == "counts":
        say(*scores(request, samples, count=-1))
    elif mode == "nan":
        say(*scores(request, samples, value=float("nan")))
    elif mode == "stranger":
        say(*scores({"id": 99}, samples))
    elif mode == "mute":
        say({"type": "shrug"})
    elif mode == "huge":
        outgoing.write(b"FSPR" + (2).to_bytes(4, "little") + (1 << 60).to_bytes(8, "little") + b"{}")
        outgoing.flush()
    elif mode == "gradient-shape":
        header, tensors = scores(request, samples)
        say(header, tensors + [("float32", [3], bytes(12)) for _ in samples])
    elif mode == "complains":
        say({"type": "error", "id": request["id"], "message": "a prompt of 700 tokens is too long"})
    elif mode == "floods":
        for line in range(20000):
            print(f"line {line} of what nobody asked for", file=sys.stderr)
        say(*scores(request, samples))
    elif mode == "reversed":
        held.append((request, samples))
        if len(held) == 2:
            for late in reversed(held):
                say(*scores(*late))
            held = []
    else:
        say(*scores(request, samples))
