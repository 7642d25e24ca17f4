import array, json, struct, sys

scan, out, sys.stdout = sys.stdin.buffer, sys.stdout.buffer, sys.stderr  # what is printed goes to stderr

def read():
    prefix = scan.read(16)
    if len(prefix) < 16:
        sys.exit()  # Fewstep has gone
    _, header, payload = struct.unpack("<4sIQ", prefix)
    return json.loads(scan.read(header)), scan.read(payload)

def write(header, payload=b""):
    text = json.dumps(header).encode()
    out.write(struct.pack("<4sIQ", b"FSPR", len(text), len(payload)) + text + payload)
    out.flush()

read()  # hello
write({"type": "hello", "protocol": 1, "scorer": "minimal", "version": "1", "weights": "",
       "axes": ["brightness"], "takes": ["images"], "gradients": False})
while True:
    request, payload = read()
    scores, start = array.array("f"), 0
    for tensor in request["tensors"]:
        channels, height, width = tensor["shape"]
        is_float = tensor["dtype"] == "float32"  # 0...1; files are uint8, 0...255
        end = start + channels * height * width * (4 if is_float else 1)
        values = array.array("f" if is_float else "B", payload[start:end])
        scores.append(sum(values) / len(values) / (1 if is_float else 255))
        start = end
    write({"type": "scores", "id": request["id"],
           "tensors": [{"dtype": "float32", "shape": [len(scores), 1]}]}, scores.tobytes())
