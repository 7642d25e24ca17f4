"""Puts together what benchmarks/gpu.sh has left in a folder: gpu.json, and gpu.md with tables.

    python benchmarks/gpu_report.py FOLDER
"""

import gzip
import json
import pathlib
import sys


def last_json(path: pathlib.Path) -> dict | None:
    """The last line that is JSON, after warnings and progress; None if there is none, since the part failed."""
    lines = path.read_text().splitlines() if path.exists() else []
    found = [line for line in lines if line.startswith("{")]
    return json.loads(found[-1]) if found else None


def seconds_by_role(trace: dict) -> tuple[list[float], dict[str, float]]:
    """The seconds of each step, and the own seconds of each part in the steps after the first, a step's mean."""
    events = sorted(trace["traceEvents"], key=lambda event: (event["ts"], -event["dur"]))
    steps = [event for event in events if event["name"] == "step"]
    later = steps[1:] or steps
    own, stack = {}, []
    for event in events:
        while stack and event["ts"] >= stack[-1]["ts"] + stack[-1]["dur"] - 1e-3:
            stack.pop()
        inside = any(step["ts"] <= event["ts"] < step["ts"] + step["dur"] for step in later)
        if inside:
            own[event["name"]] = own.get(event["name"], 0) + event["dur"] / 1e6 / len(later)
            if stack and stack[-1]["name"] in own:
                own[stack[-1]["name"]] -= event["dur"] / 1e6 / len(later)
        stack.append(event)
    return [step["dur"] / 1e6 for step in steps], own


def main(folder: pathlib.Path) -> None:
    lines = [line.split("\t") for line in (folder / "parts.tsv").read_text().splitlines()]
    result = {"parts": {name: {"status": int(status), "seconds": float(seconds)} for name, status, seconds in lines}}
    lines = [line for name in ["machine", "compile"] for line in (folder / f"{name}.log").read_text().splitlines()]
    result["machine"] = [line for line in lines if line and "compiling for" not in line]
    operators = (folder / "operators.json").read_text()
    result["operators"] = json.loads(operators) if operators else []
    result["families"] = {}
    for path in sorted(folder.glob("family-*.json")):
        if path.stat().st_size:
            found = json.loads(path.read_text())
            result["families"][path.stem.removeprefix("family-")] = {
                key: found[key] for key in ["compared", "isWithinTolerance", "largest"]
            }
    result["steps"] = {}
    for path in sorted(folder.glob("*-profile.json.gz")):
        trace = json.loads(gzip.decompress(path.read_bytes()))
        seconds, own = seconds_by_role(trace)
        name = path.name.removesuffix("-profile.json.gz")
        plan = json.loads((folder / f"{name}-plan.json").read_text())
        result["steps"][name] = {
            "seconds": seconds,
            "own seconds by part": own,
            "peak bytes": max(event["args"]["peak bytes"] for event in trace["traceEvents"]),
            "planned peak bytes": plan["plan"]["peak"],
        }
    result["diffusers"] = {name: last_json(folder / f"diffusers-{name}.log") for name in ["lora", "full"]}
    (folder / "gpu.json").write_text(json.dumps(result, indent=2))

    text = ["# On a GPU", "", *(f"    {line}" for line in result["machine"]), ""]
    failed = [name for name, part in result["parts"].items() if part["status"]]
    text += [f"Parts that failed: {', '.join(failed) or 'none'}. In all {sum(p['seconds'] for p in result['parts'].values()):.0f} s.", ""]
    operators = result["operators"]
    wrong = [entry["name"] for entry in operators if "difference" not in entry or entry["difference"] > entry["limit"]]
    text += [f"{len(operators)} results compared with the CPU's; differing: {', '.join(wrong) or 'none'}.", ""]
    text += ["| three steps, from the CPU's | tensors | largest difference |", "| --- | ---: | ---: |"]
    text += [f"| {name} | {one['compared']} | {one['largest']} |" for name, one in result["families"].items()]
    text += ["", "| a step | seconds, later steps | memory at most | planned | the same in diffusers | its memory |"]
    text += ["| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, one in result["steps"].items():
        later = one["seconds"][1:] or one["seconds"]
        other = result["diffusers"].get(name.removeprefix("sdxl-dmd-")) if name.startswith("sdxl-dmd-") else None
        their = f"{min(other['seconds']):.2f}" if other else ""
        memory = f"{other['peak_bytes'] / 1e9:.2f} GB" if other and "peak_bytes" in other else ""
        planned = one["planned peak bytes"]
        text.append(
            f"| {name} | {min(later):.2f} | {one['peak bytes'] / 1e9:.2f} GB | "
            f"{f'{planned / 1e9:.2f} GB' if planned else ''} | {their} | {memory} |")
    text += [""]
    for name, one in result["steps"].items():
        parts = sorted(one["own seconds by part"].items(), key=lambda pair: -pair[1])
        text.append(f"{name}: " + ", ".join(f"{part} {seconds:.2f} s" for part, seconds in parts if seconds >= 0.005))
        text.append("")
    (folder / "gpu.md").write_text("\n".join(text))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
