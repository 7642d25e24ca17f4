"""Loads an exported LoRA into the full-size U-Net with diffusers, and runs one pass.

    python benchmarks/full_size_load.py MODEL LORA
"""

import sys

import torch
from diffusers import StableDiffusionXLPipeline, UNet2DConditionModel

model, lora = sys.argv[1:]
unet = UNet2DConditionModel.from_pretrained(model, subfolder="unet", torch_dtype=torch.bfloat16)
state, alphas = StableDiffusionXLPipeline.lora_state_dict(lora)
StableDiffusionXLPipeline.load_lora_into_unet(state, network_alphas=alphas, unet=unet)
with torch.no_grad():
    made = unet(
        torch.randn(1, 4, 64, 64, dtype=torch.bfloat16),
        999,
        torch.randn(1, 77, 2048, dtype=torch.bfloat16),
        added_cond_kwargs={
            "text_embeds": torch.randn(1, 1280, dtype=torch.bfloat16),
            "time_ids": torch.tensor([[512, 512, 0, 0, 512, 512]], dtype=torch.bfloat16),
        },
    ).sample
adapted = sum("lora_A" in name for name, _ in unet.named_parameters())
assert made.isfinite().all() and adapted > 0
print(f"diffusers loads {adapted} adapters and makes {tuple(made.shape)}")
