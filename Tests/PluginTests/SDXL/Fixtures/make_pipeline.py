"""A whole tiny SDXL pipeline, as diffusers saves it, and what it samples.

Writes the folder pipeline. Made with Python 3.11, torch 2.13.0, diffusers 0.42.1, transformers 5.23.0 and safetensors 0.8.0,
after make_text_encoders.py, whose encoders and tokenizers it takes: `python make_pipeline.py`, in this folder.
"""

import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDPMScheduler, EulerDiscreteScheduler, LCMScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
from safetensors.torch import save_file

here = Path(__file__).parent
out = here / "pipeline"
torch.manual_seed(1)
unet = UNet2DConditionModel(
    sample_size=8, block_out_channels=(4, 8), layers_per_block=1, norm_num_groups=2,
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    attention_head_dim=(2, 4), transformer_layers_per_block=(1, 1), use_linear_projection=True,
    addition_embed_type="text_time", addition_time_embed_dim=4, projection_class_embeddings_input_dim=6 + 6 * 4,
    cross_attention_dim=20)  # fmt: skip
vae = AutoencoderKL(
    block_out_channels=(4, 8), layers_per_block=1, norm_num_groups=2, latent_channels=4, sample_size=16,
    down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, scaling_factor=0.13025)  # fmt: skip
schedule = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1)
scheduler = EulerDiscreteScheduler(**schedule, timestep_spacing="leading")
base = StableDiffusionXLPipeline.from_pretrained(here / "text-encoders", unet=None, vae=None)
pipeline = StableDiffusionXLPipeline(
    vae=vae, unet=unet, scheduler=scheduler, text_encoder=base.text_encoder, tokenizer=base.tokenizer,
    text_encoder_2=base.text_encoder_2, tokenizer_2=base.tokenizer_2)  # fmt: skip
shutil.rmtree(out, ignore_errors=True)
pipeline.save_pretrained(out)
pipeline.set_progress_bar_config(disable=True)

prompts = ["a cat!", "the end of the road"]
noise = torch.randn(2, 4, 8, 8)
expected = {"noise": noise}


def sampled(scheduler, **settings):
    pipeline.scheduler = scheduler
    return pipeline(
        prompts, height=16, width=16, original_size=(16, 16), target_size=(16, 16), latents=noise.clone(),
        output_type="latent", **settings).images  # fmt: skip


expected["euler"] = sampled(scheduler, num_inference_steps=5, guidance_scale=5.0)
# Re-noising without its noise, which no other program can draw again.
lcm = LCMScheduler(**schedule)
noises = torch.randn(4, 2, 4, 8, 8)
drawn = iter(noises[1:])
import diffusers.schedulers.scheduling_lcm as lcm_module

lcm_module.randn_tensor = lambda *_, **__: next(drawn)
expected["lcm noises"] = noises
expected["lcm"] = sampled(lcm, timesteps=[999, 749, 499, 249], num_inference_steps=4, guidance_scale=0.0)

with torch.no_grad():
    expected["pixels"] = vae.decode(expected["euler"] / vae.config.scaling_factor).sample
ddpm = DDPMScheduler(**schedule)
times = torch.tensor([0, 1, 249, 499, 749, 998, 999])
expected["times"] = times
expected["signal"] = ddpm.alphas_cumprod[times]
expected["noised"] = ddpm.add_noise(noise[:1].repeat(7, 1, 1, 1), noise[1:].repeat(7, 1, 1, 1), times)
for count in (4, 30, 50):
    scheduler.set_timesteps(count)
    expected[f"euler times {count}"] = scheduler.timesteps
    expected[f"euler sigmas {count}"] = scheduler.sigmas
save_file({key: value.contiguous() for key, value in expected.items()}, out / "expected.safetensors")
(out / "prompts.json").write_text(json.dumps(prompts))
