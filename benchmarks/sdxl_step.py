"""The PyTorch side of a training step of SDXL: DMD's as `benchmarks/gpu.sh` has it, with diffusers' U-Net. Prints JSON.

A student update (the passes before the last step without gradients, the last one with; the teacher with and without the condition,
the fake teacher; backward; AdamW) and a fake-teacher update on fresh samples, in bfloat16 by autocast, checkpointed, with fused
AdamW. Adapters are peft's, and all three roles share one frozen U-Net; otherwise what trains is in float32.
"""

import argparse
import json
import pathlib
import time

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel

LAYERS = ["to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("unet", type=pathlib.Path, help="the U-Net's folder")
    parser.add_argument("--size", type=int, default=128, help="height and width of the latents")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--steps", type=int, default=4, help="the student's")
    parser.add_argument("--rank", type=int, default=0, help="of adapters; 0 trains all weights")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--device", default="cuda")
    a = parser.parse_args()
    torch.manual_seed(0)
    device, size, batch = torch.device(a.device), a.size, a.batch

    def network(dtype: torch.dtype) -> UNet2DConditionModel:
        unet = UNet2DConditionModel.from_pretrained(a.unet, torch_dtype=dtype)
        return unet.to(device, memory_format=torch.channels_last).requires_grad_(False)

    teacher = network(torch.bfloat16)
    if a.rank:
        from peft import LoraConfig

        for name in ["student", "fake"]:
            teacher.add_adapter(LoraConfig(r=a.rank, lora_alpha=8, target_modules=LAYERS), adapter_name=name)
        roles = {"teacher": teacher, "student": teacher, "fake": teacher}
        parameters = {"student": [], "fake": []}
        for role, values in parameters.items():
            for key, value in teacher.named_parameters():
                if f".{role}." in key:
                    value.data = value.data.float()
                    values.append(value)
    else:
        roles = {"teacher": teacher, "student": network(torch.float32), "fake": network(torch.float32)}
        parameters = {role: list(roles[role].requires_grad_(True).parameters()) for role in ["student", "fake"]}
    for unet in set(roles.values()):
        unet.enable_gradient_checkpointing()
        unet.train()
    optimizers = {
        role: torch.optim.AdamW(values, lr=1e-6, fused=device.type == "cuda") for role, values in parameters.items()
    }

    config = teacher.config
    pooled = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
    pixels = 8.0 * size
    text = torch.randn(batch, 77, config.cross_attention_dim, device=device)
    added = {
        "text_embeds": torch.randn(batch, pooled, device=device),
        "time_ids": torch.tensor([[pixels, pixels, 0, 0, pixels, pixels]], device=device).repeat(batch, 1),
    }
    cumulative = torch.cumprod(1 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000, device=device) ** 2, 0)

    def predict(role: str, noisy: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        if a.rank:
            if role == "teacher":
                teacher.disable_adapters()
            else:
                teacher.enable_adapters()
                teacher.set_adapter(role)
                # Choosing an adapter changes what needs a gradient.
                for name, values in parameters.items():
                    for value in values:
                        value.requires_grad_(name == role)
        noisy = noisy.to(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            noise = roles[role](noisy, times, text, added_cond_kwargs=added).sample.float()
        signal = cumulative[times].view(-1, 1, 1, 1)
        return (noisy - (1 - signal).sqrt() * noise) / signal.sqrt()

    def renoised(clean: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        signal = cumulative[times].view(-1, 1, 1, 1)
        return signal.sqrt() * clean + (1 - signal).sqrt() * torch.randn_like(clean)

    def samples(with_gradients: bool) -> torch.Tensor:
        x = torch.randn(batch, config.in_channels, size, size, device=device)
        for step in range(a.steps):
            times = torch.full((batch,), 999 - 1000 // a.steps * step, device=device)
            if step:
                x = renoised(x, times)
            with torch.set_grad_enabled(with_gradients and step == a.steps - 1):
                x = predict("student", x, times)
        return x

    def step() -> None:
        made = samples(True)
        times = torch.randint(20, 980, (batch,), device=device)
        with torch.no_grad():
            noisy = renoised(made.detach(), times)
            guided = predict("teacher", noisy, times)
            without = predict("teacher", noisy, times)
            real = without + 8 * (guided - without)
            fake = predict("fake", noisy, times)
            scale = (made.detach() - real).abs().mean((1, 2, 3), keepdim=True)
            direction = (fake - real) / scale
        if a.rank:
            # The graph holds the student's adapters; they must need gradients when it runs again.
            teacher.enable_adapters()
            teacher.set_adapter("student")
        (0.5 * F.mse_loss(made, (made - direction).detach())).backward()
        optimizers["student"].step()
        optimizers["student"].zero_grad(set_to_none=True)
        with torch.no_grad():
            made = samples(False)
        times = torch.randint(20, 980, (batch,), device=device)
        F.mse_loss(predict("fake", renoised(made, times), times), made).backward()
        optimizers["fake"].step()
        optimizers["fake"].zero_grad(set_to_none=True)

    seconds = []
    for _ in range(a.repeat):
        began = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    result = {"seconds": seconds, "torch": torch.__version__, "device": a.device}
    if device.type == "cuda":
        result |= {"peak_bytes": torch.cuda.max_memory_allocated(), "gpu": torch.cuda.get_device_name()}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
