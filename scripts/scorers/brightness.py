"""An external scorer without any package: how bright and how red an image or a video is, with exact gradients.

    reward: {kind: external, command: [python3, scripts/scorers/brightness.py], axes: {brightness: 1}}
"""

import fewstep_scorer


class Brightness:
    name, version, weights = "brightness", "1", ""
    axes = ["brightness", "redness"]
    takes = ["images", "videos"]

    def __init__(self, seed):
        """It has nothing random."""

    def score(self, samples, prompts):
        return [self.of(sample) for sample in samples]

    def of(self, sample):
        """The mean of all channels, and how far the first one's is above it."""
        values = sample.floats()
        red = len(values) // sample.shape[0]
        brightness = sum(values) / len(values)
        return [brightness, sum(values[:red]) / red - brightness]

    def gradient(self, samples, prompts, weights):
        bright, red = weights.get("brightness", 0), weights.get("redness", 0)
        gradients = []
        for sample in samples:
            count = len(sample.floats())
            first = count // sample.shape[0]
            rest = (bright - red) / count
            gradients.append([rest + red / first] * first + [rest] * (count - first))
        return self.score(samples, prompts), gradients


if __name__ == "__main__":
    fewstep_scorer.serve(Brightness)
