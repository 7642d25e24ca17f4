"""recipes/mixture/amd.yaml with training.batch=1024: points of 8 Gaussians on a ring, two classes in turn."""

import math

import torch
from torch import nn

from .amd import Trainer, sinusoids

MODES, RADIUS, DEVIATION, CLASSES = 8, 2.0, 0.2, 2


class Mixture(nn.Module):
    """The density of noisy points, and the exact teacher that follows from it."""

    def __init__(self):
        super().__init__()
        angles = 2 * math.pi * torch.arange(MODES) / MODES
        self.register_buffer("means", RADIUS * torch.stack([angles.cos(), angles.sin()], dim=1))
        own = torch.arange(MODES) % CLASSES == torch.arange(CLASSES)[:, None]
        everything = torch.ones(1, MODES, dtype=torch.bool)
        member = torch.cat([own, everything])
        # log of a component's weight within each class; the last row, "none", has all of them.
        self.register_buffer("log_weights", (member / member.sum(1, keepdim=True)).log())

    def log_joint(self, x, alpha, sigma, classes):
        variance = (alpha * DEVIATION) ** 2 + sigma**2
        distance = (x[:, None] - alpha[..., None] * self.means).square().sum(-1)
        return self.log_weights[classes] - 0.5 * distance / variance - (2 * math.pi * variance).log()

    def clean(self, x, time, classes):
        sigma = time[:, None]
        alpha = 1 - sigma
        posterior = self.log_joint(x, alpha, sigma, classes).softmax(1)
        mean = posterior @ self.means
        gain = alpha * DEVIATION**2 / ((alpha * DEVIATION) ** 2 + sigma**2)
        return mean + gain * (x - alpha * mean)

    def log_density(self, x, classes):
        one = torch.ones(1, 1)
        return self.log_joint(x, one, torch.zeros_like(one), classes).logsumexp(1)


class PointDenoiser(nn.Module):
    """Predicts the clean point."""

    def __init__(self, width=128, layers=3, embedding=32):
        super().__init__()
        self.embedding = embedding
        self.power = RADIUS**2 / 2 + DEVIATION**2
        self.input = nn.Linear(2 + embedding, width)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(layers - 1))
        self.output = nn.Linear(width, 2)
        self.classes = nn.Embedding(CLASSES + 1, width)
        self.act = nn.SiLU()

    def forward(self, noisy, time, classes):
        size = ((1 - time) ** 2 * self.power + time**2).sqrt()
        features = torch.cat([noisy / size[:, None], sinusoids(time * 1000, self.embedding)], dim=1)
        h = self.act(self.input(features) + self.classes(classes))
        for layer in self.hidden:
            h = self.act(layer(h))
        return self.output(h)

    def clean(self, noisy, time, classes):
        return self(noisy, time, classes)

    def target(self, clean, noise):
        return clean


def trainer(settings, weights):
    student, fake = PointDenoiser(), PointDenoiser()
    if weights is not None:
        student.load_state_dict(weights["student"])
        fake.load_state_dict(weights["fake teacher"])
    mixture = Mixture()
    return Trainer(settings, mixture, student, fake, mixture.log_density)
