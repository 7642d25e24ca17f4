"""HPSv3 (arXiv 2508.03789) as a scorer of Fewstep's: what people prefer, by Qwen2-VL-7B.

    reward:
      kind: external
      command: [/path/to/venv/bin/python, scripts/scorers/hpsv3_scorer.py, --checkpoint, models/HPSv3.safetensors]

It needs the package hpsv3 1.0.0 (with transformers 4.45), its checkpoint MizzenAI/HPSv3 and the base model
Qwen/Qwen2-VL-7B-Instruct, some 17 GB of a GPU's memory, and more for gradients.
"""

import argparse

import fewstep_scorer
from fewstep_scorer import need

INSTALL = "python -m pip install hpsv3==1.0.0, in an environment of its own, and name its python in `command`"


class HPSv3:
    """Without --gradients, images of 8 bits as the package reads them from files. With it, the package's
    differentiable preparation of tensors, whose bicubic resize is in floating point."""

    name = "HPSv3"
    axes = ["mu"]
    takes = ["images"]

    def __init__(self, options, seed):
        self.torch = need("torch", INSTALL)
        package = need("hpsv3", INSTALL)
        self.image = need("PIL.Image", INSTALL)
        self.torch.manual_seed(seed)
        way = "tensors" if options.gradients else "8-bit images"
        self.version = f"{version_of('hpsv3')} ({way}, transformers {version_of('transformers')})"
        self.weights = fewstep_scorer.hash_of(options.checkpoint)
        self.device = options.device
        self.inferencer = package.HPSv3RewardInferencer(
            config_path=options.config, checkpoint_path=options.checkpoint, device=options.device,
            differentiable=options.gradients)
        self.inferencer.model.requires_grad_(False)
        if options.gradients:
            self.gradient = self.gradient_of_tensors

    def score(self, samples, prompts):
        with self.torch.no_grad():
            if hasattr(self, "gradient"):
                images = [255 * self.tensor(sample) for sample in samples]
            else:
                images = [self.image(sample) for sample in samples]
            return [[value] for value in self.mu(images, prompts).tolist()]

    def gradient_of_tensors(self, samples, prompts, weights):
        with self.torch.enable_grad():
            pixels = [self.tensor(sample).requires_grad_() for sample in samples]
            scores = self.mu([255 * each for each in pixels], prompts)
            gradients = self.torch.autograd.grad(weights["mu"] * scores.sum(), pixels)
        values = [gradient.float().cpu().numpy() for gradient in gradients]
        return [[value] for value in scores.detach().tolist()], values

    def mu(self, images, prompts):
        """The first of the head's two numbers; the other is how sure it is."""
        return self.inferencer.reward(image_paths=images, prompts=prompts)[:, 0].float()

    def tensor(self, sample):
        """float32 [3, H, W] in 0...1 on the model's device."""
        pixels = self.torch.from_numpy(sample.array()).to(self.device).float()
        return pixels / 255 if sample.dtype == "uint8" else pixels

    def image(self, sample):
        pixels = sample.array()
        if sample.dtype != "uint8":
            pixels = (255 * pixels).round().clip(0, 255).astype("uint8")
        return self.image.fromarray(pixels.transpose(1, 2, 0))


def version_of(package):
    return need("importlib.metadata", "").version(package)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True, help="HPSv3.safetensors")
    parser.add_argument("--config", help="the package's YAML of the model; its own HPSv3_7B.yaml by default")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--gradients", action="store_true", help="for `student.reward-weight`: prepare tensors")
    options = parser.parse_args()
    fewstep_scorer.serve(lambda seed: HPSv3(options, seed))
