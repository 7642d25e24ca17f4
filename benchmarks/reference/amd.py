"""AMD's training step (arXiv 2602.07345) on the skeleton of DMD2's published code (github.com/tianweiy/DMD2).

As there: the student's step comes from backward simulation without gradients, the conditional and the unconditional
teacher share one batch of twice the size (`predict_noise` concatenates them, so separate passes would be the slower
choice), the fake teacher is asked on its own and without guidance, and each of its updates sees fresh samples but the
first, which takes over the student's. Optimizer, clipping and average are PyTorch's own, with their defaults.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import clip_grad_norm_, get_total_norm
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


@dataclass
class Settings:
    """What the recipe says."""

    batch: int
    shape: list[int]
    classes: int
    steps: list[float]
    guidance: float
    group_size: int
    student_rate: float
    fake_rate: float
    ema: float
    fake_updates: int
    times: list[float]
    gradient_limit: float | None = None
    sensitivity: float = 0.3


class RandomDraws:
    """What an update is made from, drawn as PyTorch code draws it; only the places in the step list may be given, so
    that both sides of a comparison take steps of the same length."""

    def __init__(self, settings, generator, places=None):
        self.settings, self.generator, self.places = settings, generator, places

    def classes(self, update):
        s = self.settings
        groups = torch.randint(s.classes, (s.batch // s.group_size,), generator=self.generator)
        return groups.repeat_interleave(s.group_size)

    def place(self, update):
        if self.places is not None:
            return self.places[update]
        return torch.randint(len(self.settings.steps), (), generator=self.generator).item()

    def start(self, update, place):
        return torch.randn(self.settings.batch, *self.settings.shape, generator=self.generator)

    def noise(self, role, update):
        return torch.randn(self.settings.batch, *self.settings.shape, generator=self.generator)

    def time(self, role, update, low, high):
        return low + (high - low) * torch.rand(self.settings.batch, generator=self.generator)


class RecordedDraws:
    """What another implementation drew in one step."""

    def __init__(self, settings, tensors, step):
        self.settings, self.tensors, self.step = settings, tensors, step

    def get(self, name):
        return self.tensors[f"{self.step}/{name}"]

    def classes(self, update):
        return self.get(f"update {update} prompts").repeat_interleave(self.settings.group_size)

    def place(self, update):
        return self.get(f"update {update} student step").item()

    def start(self, update, place):
        return self.get(f"update {update} noise {place}")

    def noise(self, role, update):
        return self.get(f"{role} update {update} noise")

    def time(self, role, update, low, high):
        return self.get(f"{role} update {update} time")


class Trainer:
    """`teacher`, `student` and `fake` have clean(noisy, time, classes); class `settings.classes` stands for none."""

    def __init__(self, settings: Settings, teacher: nn.Module, student: nn.Module, fake: nn.Module, reward):
        self.settings = settings
        self.teacher = teacher.requires_grad_(False)
        self.student = student
        self.fake = fake
        self.reward = reward
        self.student_optimizer = torch.optim.AdamW(student.parameters(), lr=settings.student_rate, weight_decay=0.01)
        self.fake_optimizer = torch.optim.AdamW(fake.parameters(), lr=settings.fake_rate, weight_decay=0.01)
        self.ema = AveragedModel(student, multi_avg_fn=get_ema_multi_avg_fn(settings.ema))

    def step(self, draws):
        """One student update and the fake teacher's updates that go with it; what goes into the log."""
        classes = draws.classes(0)
        samples = self.generate(draws, 0, classes)
        advantage, reward = self.sense(samples.detach(), classes)
        loss = self.student_loss(draws, samples, classes, advantage)
        norm = self.move(loss, self.student_optimizer)
        fake_losses = []
        for update in range(self.settings.fake_updates):
            if update > 0:
                classes = draws.classes(update)
                with torch.no_grad():
                    samples = self.generate(draws, update, classes)
                advantage, _ = self.sense(samples, classes)
            fake_loss = self.fake_loss(draws, update, samples.detach(), classes, advantage)
            fake_norm = self.move(fake_loss, self.fake_optimizer)
            fake_losses.append(fake_loss.item())
        self.ema.update_parameters(self.student)
        return {
            "student": loss.item(),
            "student_norm": norm.item(),
            "fake_teacher": sum(fake_losses) / len(fake_losses),
            "fake_teacher_norm": fake_norm.item(),
            "reward": reward.mean().item(),
        }

    def generate(self, draws, update, classes):
        """Backward simulation: noise to the drawn place of the step list, gradients in the last prediction alone."""
        steps, place = self.settings.steps, draws.place(update)
        x = draws.start(update, 0) * steps[0]
        with torch.no_grad():
            for index in range(place):
                time = torch.full((len(x),), steps[index])
                clean = self.student.clean(x, time, classes)
                following = steps[index + 1]
                x = (1 - following) * clean + following * draws.start(update, index + 1)
        return self.student.clean(x, torch.full((len(x),), steps[place]), classes)

    @torch.no_grad()
    def sense(self, samples, classes):
        """Eq. 12: how a sample's reward stands in its group."""
        reward = self.reward(samples, classes)
        groups = reward.view(-1, self.settings.group_size)
        deviation = groups.std(dim=1, correction=0, keepdim=True)
        advantage = (groups - groups.mean(dim=1, keepdim=True)) / (deviation + 1e-6)
        return advantage.clamp(-1, 1).view(-1), reward

    def student_loss(self, draws, x, classes, advantage):
        s = self.settings
        with torch.no_grad():
            time = draws.time("student", 0, *s.times)
            t = time.view(-1, *[1] * (x.dim() - 1))
            noisy = (1 - t) * x + t * draws.noise("student", 0)
            fake = self.fake.clean(noisy, time, classes)
            none = torch.full_like(classes, s.classes)
            conditional, unconditional = self.teacher.clean(
                torch.cat([noisy] * 2), torch.cat([time] * 2), torch.cat([classes, none])
            ).chunk(2)
            real = unconditional + s.guidance * (conditional - unconditional)
            a = s.sensitivity * advantage.view_as(t)
            matching = conditional - fake
            alignment = (s.guidance - 1) * (conditional - unconditional)
            direction = (1 - a) * matching + (1 + a) * alignment
            scale = (x - real).abs().mean(dim=tuple(range(1, x.dim())), keepdim=True)
            direction = torch.nan_to_num(direction / scale)
        return 0.5 * F.mse_loss(x, (x + direction).detach())

    def fake_loss(self, draws, update, x, classes, advantage):
        time = draws.time("fake teacher", update, 0, 1)
        noise = draws.noise("fake teacher", update)
        t = time.view(-1, *[1] * (x.dim() - 1))
        output = self.fake((1 - t) * x + t * noise, time, classes)
        error = (output - self.fake.target(x, noise)).square().flatten(1).mean(1)
        weight = torch.exp(-advantage).view(-1, self.settings.group_size)
        weight = weight / weight.mean(dim=1, keepdim=True)
        return (weight.view(-1) * error).mean()

    def move(self, loss, optimizer):
        loss.backward()
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        if self.settings.gradient_limit is None:
            norm = get_total_norm([p.grad for p in parameters])
        else:
            norm = clip_grad_norm_(parameters, self.settings.gradient_limit)
        optimizer.step()
        optimizer.zero_grad()
        return norm


def sinusoids(time, width):
    """diffusers' Timesteps(flip_sin_to_cos=True, downscale_freq_shift=0) of times in 0...1000."""
    half = width // 2
    frequencies = torch.exp(-torch.log(torch.tensor(10_000.0)) * torch.arange(half) / half)
    angles = time[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=1)
