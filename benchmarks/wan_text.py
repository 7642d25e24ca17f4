"""Embeds the prompts in FOLDER/prompts.txt with transformers and FOLDER/model's text encoder, to compare with `fewstep embed`.

    python benchmarks/wan_text.py FOLDER [--dtype bfloat16|float32] [--compare OUTPUT.h5]

Prints the seconds, without loading, and the most memory that the process had; with --compare also how far Fewstep's `text` is
from transformers', as shares of the largest value. Both sides see a prompt's own tokens and nothing after them, though diffusers'
pipeline pads to 512 tokens, which it masks.
"""

import argparse
import pathlib
import time

import torch
from transformers import T5TokenizerFast, UMT5EncoderModel
from wan_forward import difference, peak, read


def embedded(folder: pathlib.Path, dtype: str, prompts: list[str]) -> list[torch.Tensor]:
    """[tokens, width] of each prompt."""
    began = time.perf_counter()
    tokenizer = T5TokenizerFast.from_pretrained(folder / "model/tokenizer")
    network = UMT5EncoderModel.from_pretrained(folder / "model/text_encoder", dtype=getattr(torch, dtype)).eval()
    made = []
    with torch.no_grad():
        network(torch.tensor([[1]]))  # weights are read when they are needed
        loaded, memory = time.perf_counter(), peak()
        for prompt in prompts:
            made.append(network(torch.tensor([tokenizer(prompt).input_ids])).last_hidden_state[0].float())
    seconds = time.perf_counter() - loaded
    assert all(rows.isfinite().all() for rows in made)
    tokens = " and ".join(str(len(rows)) for rows in made)
    print(
        f"transformers, {dtype}: {seconds:.2f} s for {tokens} tokens, memory at most {peak()}; "
        f"loaded in {loaded - began:.1f} s, with {memory}; torch {torch.__version__}, {torch.get_num_threads()} threads"
    )
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--compare", type=pathlib.Path, metavar="OUTPUT.h5")
    arguments = parser.parse_args()
    prompts = (arguments.folder / "prompts.txt").read_text().splitlines()
    theirs = embedded(arguments.folder, arguments.dtype, prompts)
    if not arguments.compare:
        return
    ours = read(arguments.compare, "text")
    assert len(ours) == len(theirs)
    for prompt, text, rows in zip(prompts, ours, theirs):
        assert not text[len(rows) :].any()
        print(f"fewstep from transformers, {arguments.dtype}, '{prompt}': {difference(text[: len(rows)], rows)}")


if __name__ == "__main__":
    main()
