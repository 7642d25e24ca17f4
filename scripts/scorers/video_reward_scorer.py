"""VideoReward of VideoAlign (arXiv 2501.13918) as a scorer of Fewstep's: visual quality VQ, motion quality MQ and text
alignment TA of videos, by Qwen2-VL-2B.

    reward:
      kind: external
      command: [/path/to/venv/bin/python, scripts/scorers/video_reward_scorer.py,
                --code, VideoAlign, --checkpoint, models/VideoReward, --fps, "16"]
      axes: {VQ: 1, MQ: 1, TA: 1}

It needs a clone of github.com/KwaiVGI/VideoAlign with the environment of its environment.yaml, the checkpoint
KwaiVGI/VideoReward and the base model Qwen/Qwen2-VL-2B-Instruct. Frames come from memory, not from a file of a lossy
codec, and are chosen as VideoAlign chooses them: evenly, so many a second as the checkpoint's model_config.json says.
It gives no gradients.
"""

import argparse
import glob
import os
import sys

import fewstep_scorer
from fewstep_scorer import ScorerError, need

INSTALL = "clone github.com/KwaiVGI/VideoAlign, make the environment of its environment.yaml, and name its python in `command`"
# What VideoAlign's reader of files does: frames of at least so many pixels, and at least and at most so many of them.
LEAST_PIXELS = 128 * 28 * 28
LEAST_FRAMES, MOST_FRAMES = 4, 768


class VideoReward:
    name = "VideoReward"
    axes = ["VQ", "MQ", "TA"]
    takes = ["videos"]

    def __init__(self, options, seed):
        if not os.path.isfile(os.path.join(options.code, "inference.py")):
            raise ScorerError(f"{options.code} is no clone of VideoAlign: there is no inference.py\n  {INSTALL}")
        sys.path.insert(0, os.path.abspath(options.code))
        self.torch = need("torch", INSTALL)
        self.image = need("PIL.Image", INSTALL)
        self.vision = need("vision_process", INSTALL)
        self.template = need("prompt_template", INSTALL)
        inference = need("inference", INSTALL)
        self.torch.manual_seed(seed)
        self.fps = options.fps
        transformers = need("transformers", INSTALL).__version__
        self.version = f"{options.revision} (transformers {transformers}, {options.fps:g} frames a second)"
        self.weights = fewstep_scorer.hash_of(*weights_in(options.checkpoint))
        self.inferencer = inference.VideoVLMRewardInference(
            options.checkpoint, device=options.device, dtype=getattr(self.torch, options.dtype))
        self.device = options.device

    def score(self, samples, prompts):
        inferencer, data = self.inferencer, self.inferencer.data_config
        chats = [
            [{"role": "user", "content": [
                {
                    "type": "video", "video": self.images(sample, data), "min_pixels": LEAST_PIXELS,
                    "max_pixels": data.max_frame_pixels,
                },
                {"type": "text",
                 "text": self.template.build_prompt(prompt, data.eval_dim, data.prompt_template_type)},
            ]}]
            for sample, prompt in zip(samples, prompts)
        ]
        images, videos = self.vision.process_vision_info(chats)
        processor = inferencer.processor
        inputs = processor(
            text=processor.apply_chat_template(chats, tokenize=False, add_generation_prompt=True), images=images,
            videos=videos, padding=True, return_tensors="pt", videos_kwargs={"do_rescale": True}).to(self.device)
        # As its own `reward` does it, which takes paths alone.
        with self.torch.no_grad():
            logits = inferencer.model(return_dict=True, **inputs)["logits"].float().tolist()
        scored = [inferencer._norm(dict(zip(self.axes, row))) for row in logits]
        return [[values[axis] for axis in self.axes] for values in scored]

    def images(self, sample, data):
        """Frames of 8 bits, evenly chosen."""
        video = sample.array()
        if sample.dtype != "uint8":
            video = (255 * video).round().clip(0, 255).astype("uint8")
        chosen = frames_of(sample.shape[1], self.fps, data.fps, data.num_frames)
        return [self.image.fromarray(video[:, index].transpose(1, 2, 0)) for index in chosen]


def frames_of(total, fps, wanted_fps, wanted):
    """Which of `total` frames are looked at: an even number of them, from the first to the last."""
    count = wanted
    if count is None:
        count = min(max(total / fps * wanted_fps, LEAST_FRAMES), MOST_FRAMES, total // 2 * 2)
    count = min(round(count / 2) * 2, total)
    if count < 2:
        raise ScorerError(f"a video of {total} frames is too short: expected 2 at least")
    return [round(index * (total - 1) / (count - 1)) for index in range(count)]


def weights_in(folder):
    """The files of a checkpoint, in their order."""
    names = ("model_config.json", "*/model.pth", "*/adapter_model.safetensors", "*/non_lora_state_dict.pth")
    files = sorted(path for name in names for path in glob.glob(os.path.join(folder, name)))
    if len(files) < 2:
        raise ScorerError(
            f"{folder} is no checkpoint of VideoReward: expected model_config.json and checkpoint-*/model.pth "
            "(or adapter_model.safetensors and non_lora_state_dict.pth)")
    return files


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--code", required=True, help="the clone of VideoAlign")
    parser.add_argument("--checkpoint", required=True, help="the folder with model_config.json")
    parser.add_argument("--fps", type=float, required=True, help="frames a second of the videos that are scored")
    parser.add_argument("--revision", default="VideoAlign", help="what the clone is called in records, such as its commit")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float16", "float32"])
    options = parser.parse_args()
    fewstep_scorer.serve(lambda seed: VideoReward(options, seed))
