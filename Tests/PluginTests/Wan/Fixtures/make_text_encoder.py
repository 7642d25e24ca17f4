"""What transformers' UMT5EncoderModel computes.

Made with torch 2.13.0, transformers 5.23.0, safetensors 0.8.0, after make_transformer.py, of which it takes `weight`
and `in_float64`: `python make_text_encoder.py`, in this folder.

text-encoder/{config.json, model.safetensors}, a tiny encoder as transformers saves it, in bfloat16, its vocabulary a little
larger than the one of tokenizer/, and text-encoder/expected.safetensors:
  ids, mask, output                 three texts of 20, 11 and 1 tokens, padded with 0 to 20. What the output has where the
                                    mask is 0 means nothing: the pipeline puts zeros there.
  ids-long, output-long             one text of 160 tokens: distances of every bucket, and beyond the largest
Computed in float64, norms and attention too, from the weights in bfloat16.

umt5-xxl/config.json and text-encoder.names.gz are of UMT5-XXL's encoder, made on the meta device. Its embedding is named
twice, shared.weight and encoder.embed_tokens.weight: a file may hold either or both.
"""

import gzip
import os

import torch
from make_transformer import in_float64, weight
from safetensors.torch import save_file
from transformers import UMT5Config, UMT5EncoderModel

HERE = os.path.dirname(os.path.abspath(__file__))
KIND = dict(feed_forward_proj="gated-gelu", is_encoder_decoder=True, scalable_attention=True)
TINY = dict(KIND, vocab_size=576, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4)
XXL = dict(KIND, vocab_size=256384, d_model=4096, d_kv=64, d_ff=10240, num_layers=24, num_decoder_layers=24, num_heads=64)


def make():
    model = UMT5EncoderModel(UMT5Config(**TINY)).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.copy_(weight(key, parameter.shape))
    folder = f"{HERE}/text-encoder"
    model.bfloat16().save_pretrained(folder)
    model.double().set_attn_implementation("eager")

    generator = torch.Generator().manual_seed(1)
    draw = lambda *shape: torch.randint(3, TINY["vocab_size"], shape, generator=generator)
    ids, lengths = draw(3, 20), [20, 11, 1]
    mask = torch.stack([(torch.arange(20) < length).long() for length in lengths])
    for row, length in enumerate(lengths):
        ids[row, length - 1] = 1
    ids *= mask
    long = draw(1, 160)
    with in_float64(), torch.no_grad():
        output = model(ids, mask).last_hidden_state
        output_long = model(long).last_hidden_state
    assert output.dtype == output_long.dtype == torch.float64
    tensors = {"ids": ids, "mask": mask, "output": output.float(), "ids-long": long, "output-long": output_long.float()}
    save_file(tensors, f"{folder}/expected.safetensors")
    print("output to", output.abs().max().item(), output_long.abs().max().item())


torch.set_num_threads(1)
make()
with torch.device("meta"):
    published = UMT5EncoderModel(UMT5Config(**XXL))
published.config.architectures = ["UMT5EncoderModel"]
published.config.save_pretrained(f"{HERE}/umt5-xxl")
lines = [f"{key}\t{list(value.shape)}\n" for key, value in published.state_dict().items()]
with open(f"{HERE}/text-encoder.names.gz", "wb") as file:
    file.write(gzip.compress("".join(lines).encode(), 9, mtime=0))
