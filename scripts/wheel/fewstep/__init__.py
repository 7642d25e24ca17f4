"""Starts Fewstep on the PyTorch of this Python environment.

Fewstep is a program, not a Python module. Its part that speaks to libtorch fits one build of PyTorch alone, so it is compiled for
the one that is here at the first call, by g++, and kept in the user's cache. Python itself only finds PyTorch and starts the program.
"""

import concurrent.futures
import fcntl
import hashlib
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PACKAGE = pathlib.Path(__file__).resolve().parent
NEEDED = (2, 4)
# As in Fewstep's own exit codes.
MISSING, SOFTWARE, IO = 66, 70, 74


def main() -> None:
    try:
        program = ready() / "bin/fewstep"
    except KeyboardInterrupt:
        fail(130, "stopped before the program was compiled; the next call begins again")
    os.execv(program, [str(program), *sys.argv[1:]])


def fail(code: int, message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)


def torch_folder() -> pathlib.Path:
    # Found, not imported: that would take seconds at every start.
    found = importlib.util.find_spec("torch")
    if found is None or not found.origin:
        fail(MISSING, f"there is no PyTorch in {sys.prefix}\n  Install one that fits this machine, 2.4 or later: pip install torch")
    return pathlib.Path(found.origin).parent


def torch_version(folder: pathlib.Path) -> str:
    text = (folder / "version.py").read_text()
    found = re.search(r"^__version__\s*(?::[^=]*)?=\s*['\"]([^'\"]+)", text, re.MULTILINE)
    if found is None:
        fail(SOFTWARE, f"{folder / 'version.py'}: it tells no version")
    version = found[1]
    if tuple(int(number) for number in re.findall(r"\d+", version)[:2]) < NEEDED:
        fail(MISSING, f"{folder}: PyTorch {version} is too old; Fewstep needs 2.4 or later")
    return version


def sources() -> list[pathlib.Path]:
    return sorted((PACKAGE / "shim").glob("*.cpp"))


def cuda_includes(torch: pathlib.Path) -> tuple[list[pathlib.Path], list[str]]:
    """The folders of CUDA's and NCCL's headers, for several processes on GPUs, and the headers that are in none of them."""
    nvidia = torch.parent / "nvidia"
    candidates = [pathlib.Path(os.environ.get("CUDA_HOME", "/usr/local/cuda")) / "include"]
    candidates += sorted(nvidia.glob("cu*/include")) + sorted(nvidia.glob("*/include")) + [pathlib.Path("/usr/include")]
    needed = ["cuda_runtime.h", "crt/host_defines.h", "cublas_v2.h", "cusparse.h", "cusolverDn.h", "nccl.h"]
    found = {name: next((folder for folder in candidates if (folder / name).exists()), None) for name in needed}
    folders = dict.fromkeys(folder for folder in found.values() if folder)
    return list(folders), [name for name, folder in found.items() if folder is None]


def flags(torch: pathlib.Path) -> tuple[list[str], list[str]]:
    """The options of the compiler and of the linker."""
    libraries = ["torch", "torch_cpu", "c10"]
    headers = [torch / "include", torch / "include/torch/csrc/api/include", PACKAGE / "shim/gloo"]
    # PyPI's PyTorch had the old layout of C++'s strings up to 2.6.
    is_new = b"cxx11" in (torch / "lib/libc10.so").read_bytes()
    compiling = ["-O2", "-fPIC", "-std=c++17", "-w", f"-D_GLIBCXX_USE_CXX11_ABI={int(is_new)}", f"-I{PACKAGE / 'shim/include'}"]
    if (torch / "lib/libtorch_cuda.so").exists():
        libraries += ["torch_cuda", "c10_cuda"]
        folders, missing = cuda_includes(torch)
        if not missing:
            compiling.append("-DFEWSTEP_NCCL")
            headers += folders
    for folder in headers:
        compiling += ["-isystem", str(folder)]
    linking = [f"-L{torch / 'lib'}", f"-Wl,-rpath,{torch / 'lib'}", "-Wl,--no-as-needed", *(f"-l{name}" for name in libraries)]
    return compiling, linking


def ready() -> pathlib.Path:
    """The folder of the program for this PyTorch, made at the first call."""
    torch = torch_folder()
    version = torch_version(torch)
    release = (PACKAGE / "VERSION").read_text().strip()
    compiling, linking = flags(torch)
    identity = hashlib.sha256(repr((str(PACKAGE), compiling, linking)).encode())
    for source in [*sources(), PACKAGE / "bin/fewstep", PACKAGE / "shim/include/ctorch.h"]:
        identity.update(f"{source.stat().st_size} {source.stat().st_mtime_ns}".encode())
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "fewstep"
    folder = cache / f"{release}-torch-{version}-{identity.hexdigest()[:12]}"
    if (folder / "bin/fewstep").exists():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # The ranks of a machine start at once.
        with open(cache / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "bin/fewstep").exists():
                with tempfile.TemporaryDirectory(dir=cache) as made:
                    make(pathlib.Path(made) / "made", compiling, linking, version)
                    (pathlib.Path(made) / "made").rename(folder)
    except OSError as error:
        fail(IO, f"{cache}: {error}\n  XDG_CACHE_HOME chooses another folder.")
    return folder


def make(folder: pathlib.Path, compiling: list[str], linking: list[str], version: str) -> None:
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    if compiler is None:
        fail(MISSING, "there is no g++, which Fewstep needs once for each PyTorch\n  Install it, or name a C++ compiler in CXX.")
    if "-ltorch_cuda" in linking and "-DFEWSTEP_NCCL" not in compiling:
        missing = ", ".join(cuda_includes(torch_folder())[1])
        print(f"note: no NCCL, so one process a run on GPUs: {missing} not found\n  CUDA_HOME names CUDA's folder.", file=sys.stderr)
    (folder / "lib").mkdir(parents=True)
    (folder / "bin").mkdir()
    objects = [folder / f"{source.stem}.o" for source in sources()]

    def compiled(source: pathlib.Path, into: pathlib.Path) -> subprocess.CompletedProcess:
        command = [compiler, *compiling, "-c", str(source), "-o", str(into)]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode and "-DFEWSTEP_NCCL" in command:
            # Some of CUDA's headers may be missing after all.
            command.remove("-DFEWSTEP_NCCL")
            without = subprocess.run(command, capture_output=True, text=True)
            if not without.returncode:
                print(f"\nnote: no NCCL, so one process a run on GPUs:\n{result.stderr[:1000]}", file=sys.stderr)
                return without
        return result

    with concurrent.futures.ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        running = [pool.submit(compiled, *pair) for pair in zip(sources(), objects)]
        for count, done in enumerate(concurrent.futures.as_completed(running)):
            print(f"\rcompiling for PyTorch {version}, once: {count + 1}/{len(objects)}", end="", file=sys.stderr, flush=True)
            if done.result().returncode:
                fail(SOFTWARE, f"the C++ compiler failed:\n{done.result().stderr[-4000:]}")
    print(file=sys.stderr)
    library = folder / "lib/libCTorch.so"
    linked = subprocess.run(
        [compiler, "-shared", "-o", str(library), *map(str, objects), *linking], capture_output=True, text=True)
    if linked.returncode:
        fail(SOFTWARE, f"the linker failed:\n{linked.stderr[-4000:]}")
    for file in objects:
        file.unlink()
    # Copies: the program finds its libraries by its own place.
    for file in (PACKAGE / "lib").iterdir():
        shutil.copy2(file, folder / "lib")
    (folder / "share").symlink_to(PACKAGE / "share")
    shutil.copyfile(PACKAGE / "bin/fewstep", folder / "bin/fewstep")
    (folder / "bin/fewstep").chmod(0o755)
