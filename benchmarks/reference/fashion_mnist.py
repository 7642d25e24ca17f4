"""recipes/fashion-mnist/amd-4step.yaml: a small U-Net on a rectified flow, with diffusers' parameter names."""

import torch
import torch.nn.functional as F
from torch import nn

from .amd import Trainer, sinusoids
from .files import read_safetensors

CLASSES = 10


class ResnetBlock(nn.Module):
    def __init__(self, inputs, outputs, embedding, groups):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time_emb_proj = nn.Linear(embedding, outputs)
        self.norm2 = nn.GroupNorm(groups, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.act = nn.SiLU()

    def forward(self, x, embedded):
        h = self.conv1(self.act(self.norm1(x))) + self.time_emb_proj(embedded)[:, :, None, None]
        return self.conv_shortcut(x) + self.conv2(self.act(self.norm2(h)))


class Attention(nn.Module):
    def __init__(self, channels, heads, groups):
        super().__init__()
        self.heads = heads
        self.group_norm = nn.GroupNorm(groups, channels)
        self.to_q = nn.Linear(channels, channels)
        self.to_k = nn.Linear(channels, channels)
        self.to_v = nn.Linear(channels, channels)
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x):
        batch, channels, height, width = x.shape
        tokens = self.group_norm(x).flatten(2).transpose(1, 2)
        q, k, v = (
            layer(tokens).view(batch, -1, self.heads, channels // self.heads).transpose(1, 2)
            for layer in (self.to_q, self.to_k, self.to_v)
        )
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, -1, channels)
        return x + self.to_out[0](y).transpose(1, 2).view(batch, channels, height, width)


class Resample(nn.Module):
    def __init__(self, channels, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=stride, padding=1)

    def forward(self, x):
        return self.conv(x)


class Level(nn.Module):
    def __init__(self, resnets, down=None, up=None):
        super().__init__()
        self.resnets = nn.ModuleList(resnets)
        self.downsamplers = nn.ModuleList([down] if down else [])
        self.upsamplers = nn.ModuleList([up] if up else [])


class Middle(nn.Module):
    def __init__(self, channels, embedding, heads, groups):
        super().__init__()
        self.resnets = nn.ModuleList(ResnetBlock(channels, channels, embedding, groups) for _ in range(2))
        self.attentions = nn.ModuleList([Attention(channels, heads, groups)])

    def forward(self, x, embedded):
        return self.resnets[1](self.attentions[0](self.resnets[0](x, embedded)), embedded)


class TimeEmbedding(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        self.linear_1 = nn.Linear(channels, width)
        self.act = nn.SiLU()
        self.linear_2 = nn.Linear(width, width)

    def forward(self, x):
        return self.linear_2(self.act(self.linear_1(x)))


class UNet(nn.Module):
    """Predicts the flow, noise less sample."""

    def __init__(self, channels=32, multipliers=(1, 2), patch=2, heads=4, groups=8):
        super().__init__()
        self.channels = channels
        embedding, inputs = 4 * channels, patch * patch
        widths = [channels * m for m in multipliers]
        self.fold, self.unfold = nn.PixelUnshuffle(patch), nn.PixelShuffle(patch)
        self.conv_in = nn.Conv2d(inputs, channels, 3, padding=1)
        self.time_embedding = TimeEmbedding(channels, embedding)
        self.class_embedding = nn.Embedding(CLASSES + 1, embedding)
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        skips, current = [channels], channels
        for index, width in enumerate(widths):
            last = index == len(widths) - 1
            down = None if last else Resample(width, stride=2)
            self.down_blocks.append(Level([ResnetBlock(current, width, embedding, groups)], down=down))
            skips += [width] if last else [width, width]
            current = width
        self.mid_block = Middle(current, embedding, heads, groups)
        for index, width in reversed(list(enumerate(widths))):
            resnets = []
            for _ in range(2):
                resnets.append(ResnetBlock(current + skips.pop(), width, embedding, groups))
                current = width
            self.up_blocks.append(Level(resnets, up=Resample(width) if index > 0 else None))
        self.conv_norm_out = nn.GroupNorm(groups, current)
        self.conv_out = nn.Conv2d(current, inputs, 3, padding=1)
        self.act = nn.SiLU()

    def forward(self, x, time, classes):
        embedded = self.time_embedding(sinusoids(time * 1000, self.channels))
        embedded = self.act(embedded + self.class_embedding(classes))
        h = self.conv_in(self.fold(x))
        skips = [h]
        for level in self.down_blocks:
            for resnet in level.resnets:
                h = resnet(h, embedded)
                skips.append(h)
            for down in level.downsamplers:
                h = down(h)
                skips.append(h)
        h = self.mid_block(h, embedded)
        for level in self.up_blocks:
            for resnet in level.resnets:
                h = resnet(torch.cat([h, skips.pop()], dim=1), embedded)
            for up in level.upsamplers:
                h = up(F.interpolate(h, scale_factor=2.0, mode="nearest"))
        return self.unfold(self.conv_out(self.act(self.conv_norm_out(h))))

    def clean(self, noisy, time, classes):
        return noisy - time.view(-1, 1, 1, 1) * self(noisy, time, classes)

    def target(self, clean, noise):
        return noise - clean


class ConvolutionLayer(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
        self.norm = nn.GroupNorm(8, outputs)

    def forward(self, x):
        return F.silu(self.norm(self.conv(x)))


class Classifier(nn.Module):
    def __init__(self, channels=(32, 64, 64, 96), features=128):
        super().__init__()
        pairs = zip((1, *channels), channels)
        self.convolutions = nn.Sequential(*(ConvolutionLayer(a, b, 2 - i % 2) for i, (a, b) in enumerate(pairs)))
        self.hidden = nn.Linear(channels[-1], features)
        self.output = nn.Linear(features, CLASSES)

    def forward(self, pixels):
        h = self.convolutions(pixels * 2 - 1).mean(dim=(2, 3))
        return F.log_softmax(self.output(F.silu(self.hidden(h))), dim=1)


def trainer(settings, weights):
    networks = [UNet() for _ in range(3)]
    initial = read_safetensors("weights/fashion-mnist/teacher.safetensors")
    for network in networks:
        network.load_state_dict(initial)
    teacher, student, fake = networks
    if weights is not None:
        student.load_state_dict(weights["student"])
        fake.load_state_dict(weights["fake teacher"])
    classifier = Classifier().requires_grad_(False)
    classifier.load_state_dict(read_safetensors("weights/fashion-mnist/reward.safetensors"))

    def reward(samples, classes):
        pixels = (samples * 0.5 + 0.5).clamp(0, 1)
        return classifier(pixels).gather(1, classes[:, None]).squeeze(1)

    return Trainer(settings, teacher, student, fake, reward)
